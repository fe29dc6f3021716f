import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { echoTarget, request, useRig } from '../../../test/server-rig.ts';
import { createHttpServer } from '../../index.ts';
import { removeStaleSocket } from './stale-socket.ts';

const start = useRig();
let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rit-'));
  path = join(folder, 'socket');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a process leaves that is killed while it listens. */
function leaveSocket(): void {
  const listenAndDie = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', listenAndDie]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

describe('a Unix socket that is there already', () => {
  test('without a listener is replaced, and gone after close', async () => {
    leaveSocket();
    const rig = await start(echoTarget, {}, { path });
    const client = await rig.client();
    expect((await client.request(request('GET /x'))).text).toContain('/x');
    expect(rig.server.address()).toBe(path);
    await rig.close();
    expect([existsSync(path), rig.server.address()]).toEqual([false, null]);
  });

  test('with a listener is left to it', async () => {
    const first = await start(echoTarget, {}, { path });
    const second = createHttpServer({}, echoTarget);
    await expect(second.listen({ path })).rejects.toMatchObject({
      code: 'RIT_ERR_LISTEN',
      message: `cannot listen on unix:${path}: address already in use (EADDRINUSE)`,
    });
    await second.close();
    const client = await first.client();
    expect((await client.request(request('GET /x'))).status).toBe(200);
  });

  test('a server that was closed meanwhile does not listen', async () => {
    leaveSocket();
    const server = createHttpServer({}, echoTarget);
    const listening = server.listen({ path });
    const closed = server.close({ timeout: 0 });
    await expect(listening).rejects.toMatchObject({ code: 'RIT_ERR_LISTEN' });
    await closed;
    expect(server.address()).toBe(null);
  });

  test('anything else than a socket is never removed', async () => {
    writeFileSync(path, 'kept');
    const server = createHttpServer({}, echoTarget);
    await expect(server.listen({ path })).rejects.toMatchObject({ code: 'RIT_ERR_LISTEN' });
    await server.close();
    expect(lstatSync(path).isFile()).toBe(true);
  });
});

/** The same within this process: a second name of a socket outlasts its server. */
async function leaveName(): Promise<void> {
  const other = join(folder, 'other');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(other, resolve));
  linkSync(other, path);
  await new Promise((resolve) => server.close(resolve));
}

describe('removeStaleSocket', () => {
  test('of several who find one, one removes it', async () => {
    await leaveName();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => removeStaleSocket(path)));
    expect(outcomes.filter(Boolean)).toEqual([true]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a server that listens while others still judge keeps its socket', async () => {
    for (let round = 0; round < 30; round++) {
      await leaveName();
      const server = createServer((socket) => socket.destroy());
      const judges = Array.from({ length: 6 }, () => removeStaleSocket(path));
      await Promise.all(
        judges.map(async (judge) => {
          if (await judge) await new Promise<void>((resolve) => server.listen(path, resolve));
        }),
      );
      expect(await removeStaleSocket(path)).toBe(false);
      expect(readdirSync(folder)).toEqual(['socket']);
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('one whose path is as long as it may be', async () => {
    path = join(folder, 'x'.repeat(107 - folder.length - 1));
    leaveSocket();
    expect(await removeStaleSocket(path)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a stale one', async () => {
    leaveSocket();
    expect(await removeStaleSocket(path)).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  test('one that is listened on', async () => {
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once('listening', resolve));
    expect(await removeStaleSocket(path)).toBe(false);
    expect(existsSync(path)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });

  test('none, and a link to one', async () => {
    expect(await removeStaleSocket(path)).toBe(false);
    leaveSocket();
    const link = join(folder, 'link');
    symlinkSync(path, link);
    expect(await removeStaleSocket(link)).toBe(false);
    expect(existsSync(path)).toBe(true);
  });
});

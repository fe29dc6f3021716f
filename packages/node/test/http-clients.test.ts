/** Clients of other languages talk through the proxy: Java's `java.net.http` and Go's `net/http`. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { find } from '@reverseit/test-servers/external-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, type Spoken, serve, versions } from './client-programs-rig.ts';

useCensus();
const use = useCleanup();
const run = promisify(execFile);

const source = (name: string): string =>
  fileURLToPath(new URL(`../../../test-servers/clients/${name}`, import.meta.url));

/** The compilers take their time on a busy machine. */
const patience = 300_000;

const spoken: readonly Spoken[] = ['HTTP/1.1', 'HTTP/2'];

describe.each(spoken)('over %s: a client in Java', (protocol) => {
  const java = find('javac') === undefined ? undefined : find('java');

  it.skipIf(java === undefined)('gets what it asks for', { timeout: patience }, async () => {
    const served = await serve(use, protocol);
    const args = [source('JavaClient.java'), served.base, served.caFile];
    const { stdout } = await run(java ?? '', args);
    const version = protocol === 'HTTP/2' ? 'HTTP_2' : 'HTTP_1_1';
    expect(lines(stdout)).toEqual([
      `get: 200 ${version} 5`,
      'length: 200 true',
      'chunked: 200 true',
      'expect: 200 true',
      `head: 200 ${version} 0`,
      `missing: 404 ${version} 0`,
      'many: 50',
      'cancel: 200 100000',
      `after cancel: 200 ${version} 5`,
      'subprotocol: chat',
      'text: true',
      'pong: 2',
      'binary: true',
      'close: 4321 bye',
    ]);
    expect(await served.outcomeOf('/endless')).toBe('RIT_ERR_CLIENT_ABORTED');
    if (protocol === 'HTTP/2') expect(versions(served)).toContain('2.0');
  });
});

describe('a client in Go', () => {
  const go = find('go');
  const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
  const client = join(folder, 'client');
  beforeAll(async () => {
    if (go !== undefined) await run(go, ['build', '-o', client, source('client.go')]);
  }, patience);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.skipIf(go === undefined).each(spoken)('over %s gets what it asks for', async (protocol) => {
    const served = await serve(use, protocol);
    const { stdout } = await run(client, [served.base, served.caFile]);
    expect(lines(stdout)).toEqual([
      'get: 200 OK 5',
      'head: 200 OK 0',
      'missing: 404 Not Found 0',
      'length: 200 OK true',
      'chunked: 200 OK true',
      'expect: 200 OK true',
      'early hints: [103] 200 OK',
      'trailers: 200 OK body 42',
      'many: 500',
      'cancel: 200 OK 100000',
      'after cancel: 200 OK 5',
      `version: ${protocol === 'HTTP/2' ? 'HTTP/2.0' : 'HTTP/1.1'}`,
    ]);
    expect(await served.outcomeOf('/endless')).toBe('RIT_ERR_CLIENT_ABORTED');
    expect(versions(served)).toEqual([protocol === 'HTTP/2' ? '2.0' : '1.1']);
  });
});

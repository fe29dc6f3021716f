import cluster from 'node:cluster';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { guarded } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCluster } from './cluster.ts';

useCensus();
const use = useCleanup();

/** Many processes load the same sources. */
const compileCache = await mkdtemp(join(tmpdir(), 'reverseit-compiled-'));
afterAll(() => rm(compileCache, { recursive: true, force: true }));

beforeEach(() => {
  vi.stubEnv('NODE_COMPILE_CACHE', compileCache);
  // Workers are started from source, too.
  vi.stubEnv(
    'NODE_OPTIONS',
    '--conditions=@reverseit/source --disable-warning=ExperimentalWarning',
  );
});

describe('createCluster', () => {
  it('serves in several processes, tells of them, replaces and ends them', {
    timeout: 90_000,
  }, async () => {
    const { server, ca } = testCertificates();
    const log: string[] = [];
    const workers = use(
      createCluster({
        options: {
          workers: 2,
          listen: { host: '127.0.0.1', port: 0 },
          backend: 'http://127.0.0.1:1',
          // What JSON could not carry.
          maxConnections: Number.POSITIVE_INFINITY,
          tls: { key: Buffer.from(server.key), cert: server.cert },
        },
        logger: {
          debug: () => {},
          info: () => {},
          warn: (_, message) => log.push(message),
          error: (_, message) => log.push(message),
        },
      }),
    );
    expect(workers.address()).toBeNull();
    const address = await workers.listen();
    expect(workers.address()).toEqual(address);
    const port = 'port' in address ? address.port : 0;
    const statuses = [];
    const resumed: boolean[] = [];
    let session: Buffer | undefined;
    for (let nth = 0; nth < 4; nth++) {
      const request = get({
        ...{ host: '127.0.0.1', port, ca, agent: false, path: '*', method: 'OPTIONS' },
        ...(session === undefined ? {} : { session }),
      });
      const [socket] = (await once(request, 'socket')) as [TLSSocket];
      socket.on('session', (ticket) => {
        session = ticket;
      });
      const [response] = await guarded(once(request, 'response'), 'an answer');
      statuses.push(response.statusCode, await text(response));
      resumed.push(socket.isSessionReused());
    }
    expect(statuses).toEqual([204, '', 204, '', 204, '', 204, '']);
    // Whichever worker it was that had begun the session.
    expect(resumed).toEqual([false, true, true, true]);
    const { workers: before, replaced } = await workers.stats();
    expect(before.map(({ state }) => state)).toEqual(['listening', 'listening']);
    const served = before.map(({ stats }) => stats?.totalExchanges ?? 0);
    expect(Math.min(...served)).toBeGreaterThan(0);
    expect(served.reduce((sum, count) => sum + count)).toBe(4);
    await workers.restart();
    const { workers: after } = await workers.stats();
    expect(after.map(({ state, stats }) => [state, stats?.totalExchanges])).toEqual([
      ['listening', 0],
      ['listening', 0],
    ]);
    expect(after.map(({ pid }) => pid)).not.toContain(before[0]?.pid);
    await workers.close();
    expect([await workers.stats(), workers.address(), replaced, log]).toEqual([
      { workers: [], replaced: 0 },
      null,
      0,
      [],
    ]);
    await expect(workers.listen()).rejects.toMatchObject({ code: 'RIT_ERR_LISTEN' });
  });

  it.each([
    [
      { options: { workers: 2, bakend: 'x' } },
      'RIT_ERR_CONFIG',
      /^2 invalid options:\n {2}bakend: .*\n {2}backend: required/,
    ],
    [
      { config: new URL('none.json', import.meta.url) },
      'RIT_ERR_CONFIG',
      /^cannot load .*none.json/,
    ],
  ])('tells by one worker what is wrong: %j', async (given, code, message) => {
    const workers = use(createCluster(given));
    await expect(workers.listen()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(Object.keys(cluster.workers ?? {})).toEqual([]);
  });

  it.each<[given: object, message: RegExp]>([
    [{ options: { onRequest: () => undefined } }, /^invalid option options: cannot be sent to/],
    [
      undefined as never,
      /^invalid option undefined is not accepted; expected an object of options$/,
    ],
    [{ options: [] }, /^invalid option options: .* expected an object of options$/],
    [{ workers: 2 }, /^invalid option workers: .* expected one of config, options, logger$/],
    [{ config: '' }, /^invalid option config: "" is not accepted; expected a file name or its URL/],
    [{ config: new URL('http://a/b') }, /^invalid option config: an object is not accepted/],
  ])('refuses at once what it can judge: %j', (given, message) => {
    expect(() => createCluster(given)).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_CONFIG', message: expect.stringMatching(message) }),
    );
  });

  it('is nothing for a worker', () => {
    Reflect.set(cluster, 'isWorker', true);
    try {
      expect(() => createCluster({})).toThrow(expect.objectContaining({ code: 'RIT_ERR_CONFIG' }));
    } finally {
      Reflect.set(cluster, 'isWorker', false);
    }
  });
});

/**
 * Options that are replaced again and again under requests: none is lost, live WebSockets go on, and memory is what it
 * was, once the engine has warmed up. `REVERSEIT_RELOADS` sets how often at least (default 50), and 800 are made at most.
 */
import type { Duplex } from 'node:stream';
import { acceptKey, connectFrames } from '@reverseit/test-servers/frame-client';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { expect, it, vi } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';
import { Backend, BackendsRig } from './backends-rig.ts';
import { memoryInUse } from './garbage.ts';

const reloads = Number(process.env.REVERSEIT_RELOADS ?? 50);
const maxReloads = Math.max(800, reloads);
const reloadsInRound = 50;
/**
 * What a reload, and the three requests beside it, may leave in the round that leaves least: the engine grows for a
 * while. One that kept a group, a route or a hook would leave more in every round.
 */
const maxBytesEach = 4000;

vi.setConfig({ testTimeout: 60_000 + 200 * maxReloads });

const use = useCleanup();

/** Of one configuration after another, each has something that the one before has not. */
function optionsOf(nth: number, list: readonly Backend[]): ReverseItOptions {
  const [a, b, c] = list.map(({ url }) => url) as [string, string, string];
  const policies = ['least-requests', 'round-robin', 'hash', 'latency'] as const;
  return {
    logger: null,
    onRequest: ({ headers }) => headers.set('x-nth', String(nth)),
    onBackendState: () => {},
    routes: [
      {
        backend: nth % 2 === 0 ? [a, b] : [{ url: b, name: 'b' }, c, { url: a, weight: 3 }],
        loadBalancing: policies[nth % policies.length]!,
        healthCheck: { interval: 50 + (nth % 3), path: '/health' },
        affinity: { cookie: 'route' },
        slowStart: nth % 5 === 0 ? 100 : 0,
        pool: { poolSize: 20 + (nth % 2) },
      },
      {
        ...{ path: '/chosen', backend: c, allowBackends: [a, b] },
        chooseBackend: () => (nth % 2 === 0 ? a : b),
        addHeaders: { 'x-nth': String(nth) },
      },
      { path: `/only-${nth % 7}`, backend: a, errorResponse: { status: 502, body: `${nth}` } },
    ],
  };
}

/** Two requests a reload, and more on their way. */
async function reloadAll(rig: BackendsRig, count: number): Promise<void> {
  const underWay: Promise<void>[] = [];
  const ask = async (path: string): Promise<void> => {
    const { status } = await rig.ask(path);
    if (status !== 200) throw new Error(`${path}: ${status}`);
  };
  for (let nth = 0; nth < count; nth++) {
    underWay.push(ask('/'), ask('/chosen/x'));
    rig.proxy.reload(optionsOf(nth, rig.list));
    await ask(`/only-${nth % 7}`);
    if (underWay.length > 10) await Promise.all(underWay.splice(0));
  }
  await Promise.all(underWay);
}

it('reloads under requests leave nothing, and leave WebSockets alone', async () => {
  // No census: it keeps a trace of every handle.
  const list: Backend[] = [];
  for (let number = 0; number < 3; number++) {
    const backend = await new Backend(number).start();
    list.push(backend);
    use({ close: () => backend.die() });
  }
  const proxy = createServer(optionsOf(0, list));
  const rig = await new BackendsRig(proxy, list).listen();
  use({ close: () => proxy.close({ timeout: 0 }) });
  const sockets: Duplex[] = [];
  for (const { server } of rig.list) {
    server.on('upgrade', (request, socket: Duplex) => {
      sockets.push(socket);
      const accept = acceptKey(String(request.headers['sec-websocket-key']));
      socket.write(
        `HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket
        .on('error', () => {})
        .on('end', () => socket.end())
        .resume();
    });
  }
  const client = use(await connectFrames({ port: rig.port, target: '/' }));
  const round = async (): Promise<number> => {
    await reloadAll(rig, reloadsInRound);
    // What is retired ends with its last request, and a request later.
    await rig.run(4);
    for (const { requests, headers, bodies } of rig.list) {
      for (const log of [requests, headers, bodies]) log.length = 0;
    }
    return (await memoryInUse()).heapUsed;
  };
  const growth: number[] = [];
  let before = await round();
  for (let made = reloadsInRound; made < maxReloads; made += reloadsInRound) {
    const after = await round();
    growth.push(Math.round((after - before) / reloadsInRound));
    before = after;
    if (made >= reloads && Math.min(...growth) < maxBytesEach) break;
  }
  expect(Math.min(...growth), `bytes a reload: ${growth.join(', ')}`).toBeLessThan(maxBytesEach);
  expect(rig.proxy.stats().pools.length).toBeLessThanOrEqual(4);
  expect(rig.proxy.stats().webSockets).toBe(1);
  sockets[0]!.write(Buffer.from([0x81, 2, 0x68, 0x69]));
  expect(String((await client.readFrame()).payload)).toBe('hi');
});

/**
 * Over TLS the platform reports a write a turn of the event loop after it was made, and a quick backend in
 * another process answers before that. Its connection is as good as any other.
 */
import { Socket } from 'node:net';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { available, startNginx } from '@reverseit/test-servers/external-servers';
import { startHttpsThread } from '@reverseit/test-servers/https-thread';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, test, vi } from 'vitest';
import { createPool, type Pool, type UpstreamRequest } from '../src/index.ts';
import { bench, Sent, transport } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get, limits } from './recorder.ts';

const use = useCleanup();
const { ca, server: tls } = testCertificates();
const clients = 50;
const requestsPerClient = 20;

const backends = [
  ['Node', true, () => startHttpsThread(tls)],
  ['nginx', available('nginx'), () => startNginx({ files: { hello: 'hello\n' }, tls })],
] as const;

const content = Buffer.from('content');
/** More than the pool waits for when it has truly not left. */
const longBody = Buffer.alloc(300_000);
const requests: [string, () => UpstreamRequest][] = [
  ['GET', () => get('/hello')],
  ['POST, whole', () => get('/hello', { method: 'POST', body: content })],
  [
    'POST, streamed',
    () => {
      const body = {
        contentLength: null,
        start(sink: { write(chunk: Buffer): boolean; end(): void }) {
          sink.write(content);
          sink.end();
        },
        resume() {},
        cancel() {},
      };
      return get('/hello', { method: 'POST', body });
    },
  ],
];
/** On a slow machine this takes its time; that is not what is tested. */
const patience = {
  ...limits,
  poolTimeout: 0,
  responseHeaderTimeout: 0,
  upstreamIdleTimeout: 0,
};

/** Clients that each send one request after another. Answers how many got a response. */
async function load(pool: Pool, url: string, request: () => UpstreamRequest): Promise<number> {
  const to = pool.origin(url);
  let answered = 0;
  const one = async (): Promise<void> => {
    for (let i = 0; i < requestsPerClient; i++) {
      const sent = new Sent();
      sent.exchange = to.dispatch(request(), patience, sent);
      sent.dispatched = true;
      await sent.done;
      if (sent.events.at(-1) === 'end') answered++;
    }
  };
  await Promise.all(Array.from({ length: clients }, one));
  return answered;
}

async function expectReuse(port: number, request: () => UpstreamRequest): Promise<void> {
  const pool = createPool({ transport, tls: { ca }, connectTimeout: 0 });
  use({ close: () => pool.destroy() });
  expect(await load(pool, `https://127.0.0.1:${port}`, request)).toBe(clients * requestsPerClient);
  const { opened, reused } = pool.stats();
  expect(opened).toBeLessThanOrEqual(clients);
  expect(opened + reused).toBe(clients * requestsPerClient);
}

describe.each(backends)(
  'RFC 9112 §9.3: connections to %s over TLS are used again',
  (_, here, start) => {
    test.skipIf(!here).each(requests)(`${clients} clients, %s`, async (_, request) => {
      await expectReuse(use(await start()).port, request);
    });
  },
);

// Not nginx, which refuses it before it has read it: that ends a connection.
test(`RFC 9112 §9.3: connections are used again after long content, ${clients} clients`, async () => {
  const { port } = use(await startHttpsThread(tls));
  await expectReuse(port, () => get('/hello', { method: 'POST', body: longBody }));
});

/** Keeps to itself that writes of sockets to a port are done, until what it answers is called. */
function holdReports(port: number): () => void {
  let reports: (() => void)[] | null = [];
  type Callback = (error?: Error | null) => void;
  const later = (callback: Callback) => (error?: Error | null) => {
    if (reports === null) callback(error);
    else reports.push(() => callback(error));
  };
  const { _write, _writev } = Socket.prototype;
  const isOurs = ({ remotePort }: Socket): boolean => remotePort === port;
  vi.spyOn(Socket.prototype, '_write').mockImplementation(function (
    this: Socket,
    chunk,
    enc,
    done,
  ) {
    _write.call(this, chunk, enc, isOurs(this) ? later(done) : done);
  });
  vi.spyOn(Socket.prototype, '_writev').mockImplementation(function (this: Socket, chunks, done) {
    _writev?.call(this, chunks, isOurs(this) ? later(done) : done);
  });
  return () => {
    const due = reports ?? [];
    reports = null;
    for (const report of due) report();
  };
}

const reply = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
function answer(connection: OriginConnection): void {
  // A second small write would wait for an acknowledgement.
  connection.socket.setNoDelay(true);
  connection.write(reply);
}
const longHead = () => get('/', { fields: ['Host', 'a', 'X-Long', 'x'.repeat(5000)] });

const lateReports: [string, boolean, () => UpstreamRequest][] = [
  ...requests.map(([name, request]): [string, boolean, typeof request] => [name, true, request]),
  ...requests.slice(1).map(([name, make]): [string, boolean, typeof make] => [name, false, make]),
  ['GET with a long head', false, longHead],
];

describe.each(lateReports)('a write that is reported late: %s, TLS: %s', (_, secure, request) => {
  const setup = async (onRequest = answer) => {
    const it = await bench(onRequest, {
      origin: secure ? { tls } : {},
      pool: { poolSize: 1, tls: { ca }, connMaxIdleTime: 0 },
    });
    const report = holdReports(Number(new URL(it.origin.url).port));
    const sent = it.send(request());
    expect((await sent.done).body).toBe('ok');
    return { it, report };
  };
  const reported = { open: 1, idle: 1, active: 0 };
  const unreported = { open: 1, idle: 0, active: 0 };

  test('the connection waits for it, and so does the next request', async () => {
    const { it, report } = await setup();
    expect(it.counts).toMatchObject(unreported);
    const next = it.send();
    expect(it.counts.waiting).toBe(1);
    report();
    expect((await next.done).body).toBe('ok');
    await it.settle(reported);
    expect(it.pool.stats()).toMatchObject({ opened: 1, reused: 1 });
  });

  test('not for ever: it is closed after a second', async () => {
    const { it } = await setup();
    it.clock.advance(999);
    expect(it.counts).toMatchObject(unreported);
    it.clock.advance(1);
    await it.settle({ open: 0 });
  });

  test.each([
    ['ends', (connection: OriginConnection) => connection.socket.end()],
    ['resets', (connection: OriginConnection) => connection.reset()],
    ['speaks without being asked', answer],
  ])('it is closed when the backend %s meanwhile', async (_, act) => {
    const { it } = await setup();
    act(it.origin.connections[0]!);
    await it.settle({ open: 0 });
  });

  test('close() waits for it', async () => {
    const { it, report } = await setup();
    const closing = it.pool.close();
    expect(it.counts).toMatchObject(unreported);
    report();
    await closing;
    expect(it.counts.open).toBe(0);
  });
});

/** Spans by the real SDK of OpenTelemetry, into memory: names, attributes, and who is whose parent. */
import type { ReadableSpan, Sampler, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  eventually,
  expectEndOfHead,
  expectRequest,
  reset,
  script,
  send,
  waitForPeerGone,
} from '@reverseit/test-servers';
import type { Script } from '@reverseit/test-servers/scripted-origin';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessRecord, ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';
import { answerOf, closeSessions, openSession } from './http2-clients-rig.ts';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  propagation,
  SimpleSpanProcessor,
  SpanKind,
  SpanStatusCode,
  trace,
  W3CTraceContextPropagator,
} from './open-telemetry.ts';

const exporter = new InMemorySpanExporter();
/** Spans that have begun, by how often they have ended. */
const ends = new Map<string, number>();
const counter: SpanProcessor = {
  onStart: (span) => void ends.set(span.spanContext().spanId, 0),
  onEnd(span) {
    const { spanId } = span.spanContext();
    ends.set(spanId, (ends.get(spanId) ?? 0) + 1);
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

function setUp(root: Sampler = new AlwaysOnSampler()): void {
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({
      sampler: new ParentBasedSampler({ root }),
      spanProcessors: [new SimpleSpanProcessor(exporter), counter],
    }),
  );
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
}

beforeEach(() => {
  exporter.reset();
  ends.clear();
  setUp();
});
afterEach(() => {
  trace.disable();
  propagation.disable();
});

const start = useProxy();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';
const parent = `traceparent: 00-${traceId}-${parentId}-01`;

const spans = (count: number): Promise<ReadableSpan[]> =>
  eventually(() => {
    const all = exporter.getFinishedSpans();
    return all.length >= count && all;
  }, `${count} spans`);
const ofKind = (all: readonly ReadableSpan[], kind: number): ReadableSpan[] =>
  all.filter((span) => span.kind === kind);
const valuesOf = (fields: readonly (readonly [string, string])[], name: string): string[] =>
  fields.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);

describe('a request', () => {
  it('has a server span below the client’s and a client span below that, whose backend’s are below', async () => {
    const records: AccessRecord[] = [];
    const bench = await start({
      options: { tracing: true, path: '/a', onFinish: (record) => void records.push(record) },
    });
    const client = await bench.connect();
    await client.request(
      request('GET /a/b?c=1&sig=secret', [parent, 'tracestate: x=1', 'User-Agent: me']),
    );
    const all = await spans(2);
    const [server] = ofKind(all, SpanKind.SERVER);
    const [attempt] = ofKind(all, SpanKind.CLIENT);
    expect(server).toMatchObject({
      name: 'GET /a',
      parentSpanContext: { traceId, spanId: parentId },
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/a',
        'http.response.status_code': 200,
        'url.path': '/a/b',
        'url.query': 'c=1&sig=REDACTED',
        'url.scheme': 'http',
        'server.address': 'a',
        'server.port': 80,
        'client.address': '127.0.0.1',
        'network.peer.address': '127.0.0.1',
        'network.peer.port': expect.any(Number),
        'network.protocol.version': '1.1',
        'user_agent.original': 'me',
      },
    });
    expect(attempt).toMatchObject({
      name: 'GET',
      parentSpanContext: { traceId, spanId: server?.spanContext().spanId },
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.full': `${bench.origin.url}/a/b?c=1&sig=REDACTED`,
        'server.address': '127.0.0.1',
        'server.port': bench.origin.port,
      },
    });
    expect(attempt?.attributes).not.toHaveProperty('http.request.resend_count');
    const { fields } = await bench.origin.request();
    const spanId = attempt?.spanContext().spanId;
    expect(valuesOf(fields, 'traceparent')).toEqual([`00-${traceId}-${spanId}-01`]);
    expect(valuesOf(fields, 'tracestate')).toEqual(['x=1']);
    expect(records).toMatchObject([{ traceId }]);
  });

  it('over two proxies is one trace', async () => {
    const inner = await start({ options: { tracing: true } });
    const outer = await start({
      options: {
        tracing: true,
        backend: `http://127.0.0.1:${inner.port}`,
        // The inner proxy ends first.
        pool: { connMaxRequests: 1 },
      },
    });
    const client = await outer.connect();
    await client.request(request('GET /', [parent]));
    const all = await spans(4);
    expect(new Set(all.map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]));
    const chain: number[] = [];
    for (let below: string | undefined = parentId; below !== undefined; ) {
      const next: ReadableSpan | undefined = all.find(
        ({ parentSpanContext }) => parentSpanContext?.spanId === below,
      );
      if (next !== undefined) chain.push(next.kind);
      below = next?.spanContext().spanId;
    }
    const { SERVER, CLIENT } = SpanKind;
    expect(chain).toEqual([SERVER, CLIENT, SERVER, CLIENT]);
  });

  it.each<[name: string, fields: readonly string[]]>([
    ['malformed', ['traceparent: 00-xyz-1-01', 'tracestate: x=1']],
    ['of zeros', [`traceparent: 00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 'tracestate: x=1']],
    ['twice', [parent, parent, 'tracestate: x=1']],
    ['with blanks and bytes beyond ASCII', ['traceparent: \u00e9 00', 'tracestate: x=1']],
    ['missing', []],
  ])(
    'whose traceparent is %s begins a trace of its own (W3C Trace Context §3.2)',
    async (_, given) => {
      const bench = await start({ options: { tracing: true } });
      const client = await bench.connect();
      await client.request(request('GET /', given));
      const [server] = ofKind(await spans(2), SpanKind.SERVER);
      expect(server?.parentSpanContext).toBeUndefined();
      const id = server?.spanContext().traceId;
      expect(id).not.toBe(traceId);
      const { fields } = await bench.origin.request();
      expect(valuesOf(fields, 'traceparent')).toEqual([expect.stringContaining(`00-${id}-`)]);
      expect(valuesOf(fields, 'tracestate')).toEqual([]);
    },
  );

  it('that is not sampled makes no span, and says so to the backend', async () => {
    trace.disable();
    setUp(new AlwaysOffSampler());
    const bench = await start({ options: { tracing: true } });
    const client = await bench.connect();
    await client.request(request('GET /'));
    await client.request(request('GET /', [parent.replace(/01$/, '00')]));
    for (const { fields } of [await bench.origin.request(), bench.origin.requests[1]].flatMap(
      (one) => one ?? [],
    )) {
      expect(valuesOf(fields, 'traceparent')).toEqual([expect.stringMatching(/-00$/)]);
    }
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('that no backend takes has an error by its code', async () => {
    const bench = await start({ options: { tracing: true, backend: 'http://127.0.0.1:1' } });
    const client = await bench.connect();
    await client.request(request('PURGE /'));
    const all = await spans(2);
    for (const span of all) {
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
      expect(span.attributes).toMatchObject({
        'error.type': 'RIT_ERR_UPSTREAM_CONNECT',
        'http.request.method': '_OTHER',
        'http.request.method_original': 'PURGE',
      });
    }
    expect(all.map(({ name }) => name).toSorted()).toEqual(['HTTP', 'HTTP /']);
  });

  it('without a route has a span without one', async () => {
    const bench = await start({ options: { tracing: true, path: '/a' } });
    const client = await bench.connect();
    await client.request(request('GET /b'));
    const [server] = await spans(1);
    expect(server).toMatchObject({
      name: 'GET',
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'http.response.status_code': 404, 'error.type': 'RIT_ERR_NO_ROUTE' },
    });
    expect(server?.attributes).not.toHaveProperty('http.route');
  });

  it('has a client span for each attempt, at each backend', async () => {
    const bench = await start({
      options: ({ url }) => ({
        tracing: true,
        loadBalancing: 'first',
        backend: ['http://127.0.0.1:1', url],
      }),
    });
    const client = await bench.connect();
    expect((await client.request(request('GET /'))).status).toBe(200);
    const all = await spans(3);
    const attempts = ofKind(all, SpanKind.CLIENT).map(({ attributes }) => [
      attributes['server.port'],
      attributes['http.request.resend_count'],
      attributes['error.type'],
      attributes['http.response.status_code'],
    ]);
    expect(attempts).toEqual([
      [1, undefined, 'RIT_ERR_UPSTREAM_CONNECT', undefined],
      [bench.origin.port, 1, undefined, 200],
    ]);
    const { fields } = await bench.origin.request();
    expect(valuesOf(fields, 'traceparent')).toHaveLength(1);
  });
});

it.each([
  ['off', false],
  ['on, without an SDK', true],
])('what the client sends passes on as it is: %s', async (_, tracing) => {
  trace.disable();
  propagation.disable();
  const bench = await start({ options: { tracing } });
  const client = await bench.connect();
  await client.request(request('GET /', [parent, 'tracestate: x=1, y=2']));
  const { fields } = await bench.origin.request();
  expect(valuesOf(fields, 'traceparent')).toEqual([`00-${traceId}-${parentId}-01`]);
  expect(valuesOf(fields, 'tracestate')).toEqual(['x=1, y=2']);
});

it('says who the client is as trustedProxies report it, and who has connected', async () => {
  const bench = await start({ options: { tracing: true, trustedProxies: ['loopback'] } });
  const client = await bench.connect();
  await client.request(
    request('GET /', [
      'X-Forwarded-For: 192.0.2.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: shop.example',
    ]),
  );
  await client.close();
  const [server] = ofKind(await spans(2), SpanKind.SERVER);
  expect(server?.attributes).toMatchObject({
    'client.address': '192.0.2.7',
    'network.peer.address': '127.0.0.1',
    'url.scheme': 'https',
    'server.address': 'shop.example',
    'server.port': 443,
  });
});

it('says which version of HTTP the client speaks', async () => {
  const bench = await start({ options: { tracing: true, protocols: ['http2'] } });
  const session = await openSession('in the clear', bench.port);
  await answerOf(session.request({ ':path': '/' }));
  await closeSessions();
  const [server] = ofKind(await spans(2), SpanKind.SERVER);
  expect(server?.attributes).toMatchObject({ 'network.protocol.version': '2' });
});

describe('every span ends, and once', () => {
  const post = request('POST /', ['Content-Length: 10'], '12345');
  const upgrade = request('GET /', ['Connection: upgrade', 'Upgrade: foo']);
  it.each<
    [
      name: string,
      sent: string,
      script: Script,
      options: ReverseItOptions,
      then: 'answer' | 'end' | 'reset',
      count: number,
    ]
  >([
    [
      'the client leaves',
      request('GET /'),
      script(expectRequest(), waitForPeerGone()),
      {},
      'reset',
      2,
    ],
    ['the backend resets', request('GET /'), script(expectRequest(), reset()), {}, 'answer', 2],
    [
      'the backend is silent',
      request('GET /'),
      script(expectRequest(), waitForPeerGone()),
      { responseHeaderTimeout: 20 },
      'answer',
      2,
    ],
    [
      'the response is cut',
      request('GET /'),
      script(expectRequest(), send('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'), reset()),
      {},
      'end',
      2,
    ],
    ['the body does not come', post, script(), { requestBodyReadTimeout: 20 }, 'answer', 1],
    ['the body is too large', post, script(), { maxRequestBodySize: 5 }, 'answer', 1],
    [
      'a hook throws',
      request('GET /'),
      script(),
      {
        onRequest() {
          throw new Error('no');
        },
      },
      'answer',
      1,
    ],
    [
      'a hook answers late',
      request('GET /'),
      script(),
      { onRequest: () => new Promise(() => {}), hookTimeout: 20 },
      'answer',
      1,
    ],
    [
      'another protocol takes over, and is reset',
      upgrade,
      script(
        expectEndOfHead(),
        send('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n'),
        reset(),
      ),
      { upgrades: ['foo'] },
      'end',
      2,
    ],
  ])('%s', async (_, sent, scripted, options, then, count) => {
    const bench = await start({
      origin: { scripts: [scripted] },
      options: ({ url }) => ({ backend: url, tracing: true, ...options }),
    });
    const client = await bench.connect();
    client.send(sent);
    if (then === 'answer') await client.readResponse();
    else if (then === 'end') await client.readUntilEnd().catch(() => null);
    else {
      await bench.origin.request();
      client.reset();
    }
    await client.close();
    await bench.whenIdle();
    await eventually(
      () => ends.size === count && [...ends.values()].every((n) => n > 0),
      'the ends',
    );
    expect([...ends.values()]).toEqual(Array(count).fill(1));
  });
});

/**
 * A peer falls silent at every stage of an exchange, or the network to it is cut: each wait of the proxy
 * has a timeout, and what it ends is ended on both sides.
 */
import {
  eventually,
  type OriginConnection,
  patternBytes,
  type RawClient,
} from '@reverseit/test-servers';
import { type FaultProxy, startFaultProxy } from '@reverseit/test-servers/fault-proxy';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import { expectPrompt, fine, get, head, post, type Rig, useRig } from './fault-rig.ts';

useCensus();
const rig = useRig();
const use = useCleanup();

/** Short enough for a test, long enough for a busy machine to reach the stage before. */
const soon = 150;
const large = 16 * 1024 * 1024;

async function sent(rig: Rig): Promise<{ client: RawClient; backend: OriginConnection }> {
  const client = await rig.client();
  client.send(get('/stage'));
  const backend = await rig.backend();
  await backend.expectRequest();
  return { client, backend };
}

interface Case {
  readonly name: string;
  readonly options: Partial<ReverseItOptions>;
  readonly answer: 408 | 503 | 504 | 'fin' | 'reset';
  /**
   * Brings the exchange to the stage at which a peer falls silent; tells of the backend, if it has a part in
   * it.
   */
  stall(rig: Rig, client: RawClient): Promise<OriginConnection | undefined>;
}

const cases: readonly Case[] = [
  {
    name: 'client, without a byte: requestHeaderTimeout',
    options: { requestHeaderTimeout: soon },
    answer: 408,
    stall: async () => undefined,
  },
  {
    name: 'client, inside the head: requestHeaderTimeout',
    options: { requestHeaderTimeout: soon },
    answer: 408,
    stall: async (_, client) => {
      await client.write('GET / HTTP/1.1\r\nhost: pro');
      return undefined;
    },
  },
  {
    name: 'client, body collected: requestBodyReadTimeout',
    options: { requestBodyReadTimeout: soon },
    answer: 408,
    stall: async (_, client) => {
      await client.write(`${post('/', 'content-length: 10')}half`);
      return undefined;
    },
  },
  {
    name: 'client, chunked body collected: requestBodyReadTimeout',
    options: { requestBodyReadTimeout: soon },
    answer: 408,
    stall: async (_, client) => {
      await client.write(`${post('/', 'transfer-encoding: chunked')}4\r\nhalf\r\n0\r\nx: `);
      return undefined;
    },
  },
  {
    name: 'client, body streamed: requestBodyReadTimeout',
    options: { requestBodyReadTimeout: soon, requestBodyBufferSize: 0 },
    answer: 408,
    stall: async (rig, client) => {
      await client.write(`${post('/', 'content-length: 10')}half`);
      const backend = await rig.backend();
      await backend.reader.takeThrough('half');
      return backend;
    },
  },
  {
    name: 'client, after Expect: requestBodyReadTimeout',
    options: { requestBodyReadTimeout: soon },
    answer: 408,
    stall: async (_, client) => {
      await client.write(post('/', 'content-length: 10', 'expect: 100-continue'));
      await client.reader.takeThrough('100 Continue\r\n\r\n');
      return undefined;
    },
  },
  {
    name: 'client, between requests: keepAliveTimeout',
    options: { keepAliveTimeout: soon },
    answer: 'fin',
    stall: async (rig, client) => {
      client.send(get());
      const backend = await rig.backend();
      await backend.expectRequest();
      await backend.send(fine);
      await client.readResponse();
      return undefined;
    },
  },
  {
    name: 'backend, TLS handshake: connectTimeout',
    options: { pool: { connectTimeout: soon } },
    answer: 504,
    stall: async (rig, client) => {
      client.send(get());
      return rig.backend();
    },
  },
  {
    name: 'backend, body not read: upstreamIdleTimeout',
    options: { upstreamIdleTimeout: soon, requestBodyBufferSize: 0 },
    answer: 504,
    stall: async (rig, client) => {
      client.send(post('/', `content-length: ${large}`));
      const backend = await rig.backend();
      backend.pauseReading();
      client.send(patternBytes(large));
      return backend;
    },
  },
  {
    name: 'backend, collected body not read: upstreamIdleTimeout or responseHeaderTimeout',
    options: {
      upstreamIdleTimeout: soon,
      responseHeaderTimeout: soon,
      requestBodyBufferSize: large,
    },
    answer: 504,
    stall: async (rig, client) => {
      client.send(post('/', `content-length: ${large}`));
      client.send(patternBytes(large));
      const backend = await rig.backend();
      backend.pauseReading();
      return backend;
    },
  },
  {
    name: 'backend, before the head: responseHeaderTimeout',
    options: { responseHeaderTimeout: soon },
    answer: 504,
    stall: async (rig, client) => {
      client.send(get());
      const backend = await rig.backend();
      await backend.expectRequest();
      return backend;
    },
  },
  {
    name: 'backend, inside the head: responseHeaderTimeout',
    options: { responseHeaderTimeout: soon },
    answer: 504,
    stall: async (rig, client) => {
      client.send(get());
      const backend = await rig.backend();
      await backend.expectRequest();
      await backend.send('HTTP/1.1 200 OK\r\nx-half: ');
      return backend;
    },
  },
  {
    name: 'backend, after 103: responseHeaderTimeout',
    options: { responseHeaderTimeout: soon },
    answer: 504,
    stall: async (rig, client) => {
      client.send(get());
      const backend = await rig.backend();
      await backend.expectRequest();
      await backend.send('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
      return backend;
    },
  },
  ...[head('content-length: 8'), head('transfer-encoding: chunked'), head()].flatMap((start) =>
    ['', '4\r\nha'].map(
      (bytes): Case => ({
        name: `backend, after ${JSON.stringify(start.slice(15) + bytes)}: upstreamIdleTimeout`,
        options: { upstreamIdleTimeout: soon },
        answer: 'reset',
        stall: async (rig, client) => {
          client.send(get());
          const backend = await rig.backend();
          await backend.expectRequest();
          await backend.send(start + bytes);
          await client.readHead();
          return backend;
        },
      }),
    ),
  ),
];

describe('falls silent:', () => {
  it.each(cases)('$name: $answer', async ({ name, options, answer, stall }) => {
    const tls = name.includes('TLS');
    const running = await rig({ proxy: options, ...(tls ? { scheme: 'https' } : {}) });
    const client = await running.client();
    const backend = await stall(running, client);
    if (typeof answer === 'number') {
      const { status } = await client.readResponse();
      expect(status).toBe(answer);
    } else if (answer === 'fin') await client.reader.whenGone();
    else await client.expectReset();
    if (backend !== undefined) {
      backend.resumeReading();
      await expectPrompt(backend.reader.drain(), 'the backend hears of it');
    }
    await client.close();
    await running.expectQuiet();
    if (answer !== 'fin') await running.expectEmptyPool();
  });

  it('backend, all connections of the pool busy: 503 by poolTimeout', async () => {
    const running = await rig({ proxy: { poolTimeout: soon, pool: { poolSize: 1 } } });
    const first = await sent(running);
    const client = await running.client();
    const answer = await client.request(get('/second'));
    expect([answer.status, answer.header('retry-after')]).toEqual([503, '1']);
    expect(running.proxy.stats().pools[0]).toMatchObject({ waiting: 0, active: 1 });
    await first.backend.send(fine);
    expect((await first.client.readResponse()).text).toBe('fine');
    expect(first.backend.requests).toHaveLength(1);
  });

  it('backend, between requests: connMaxIdleTime', async () => {
    const running = await rig({ proxy: { pool: { connMaxIdleTime: soon } } });
    const { client, backend } = await sent(running);
    await backend.send(fine);
    await client.readResponse();
    await backend.whenPeerGone();
    await running.expectEmptyPool();
  });

  it('client, reading its response: responseSendTimeout, reset, and the backend hears of it', async () => {
    const running = await rig({ proxy: { responseSendTimeout: soon } });
    const { client, backend } = await sent(running);
    client.pauseReading();
    await backend.send(head(`content-length: ${large}`));
    const sending = backend.send(patternBytes(large)).catch(() => false);
    await backend.whenPeerGone();
    await sending;
    client.resumeReading();
    await client.expectReset();
    expect(client.bytesReceived).toBeLessThan(large);
    await running.expectQuiet();
    await running.expectFresh();
  });

  it.each(['HTTP/1.1', 'HTTP/1.0'])(
    'client, reading a whole response over %s: responseSendTimeout, and no good end',
    async (version) => {
      const answer = { status: 200, headers: {}, body: patternBytes(large) };
      const running = await rig({
        proxy: { responseSendTimeout: soon, onRequest: () => answer },
      });
      const client = await running.client();
      client.pauseReading();
      client.send(`GET / ${version}\r\nhost: proxy.test\r\n\r\n`);
      await eventually(() => running.proxy.stats().totalExchanges === 1, 'the request');
      await eventually(() => running.proxy.stats().connections === 0, 'the end of the connection');
      client.resumeReading();
      await client.expectReset();
    },
  );
});

describe('the network is cut', () => {
  async function between(rig: Rig): Promise<{ link: FaultProxy; client: RawClient }> {
    const link = use(await startFaultProxy({ target: { port: rig.port } }));
    return { link, client: await rig.client({ port: link.port }) };
  }

  it('before the client has sent its head: nothing stays', { timeout: 15_000 }, async () => {
    const running = await rig({ proxy: { requestHeaderTimeout: soon } });
    const { link, client } = await between(running);
    await client.write('GET / HT');
    const cut = await link.link();
    cut.blackhole('toTarget');
    cut.blackhole('toClient');
    // 408, and some seconds for a client that may be there to read it.
    await eventually(() => running.proxy.stats().connections === 0, 'the connection to be closed');
  });

  it('inside a streamed upload: the backend hears of it', async () => {
    const running = await rig({
      proxy: { requestBodyReadTimeout: soon, requestBodyBufferSize: 0 },
    });
    const { link, client } = await between(running);
    await client.write(`${post('/', 'content-length: 10')}half`);
    const backend = await running.backend();
    await backend.reader.takeThrough('half');
    const cut = await link.link();
    cut.blackhole('toTarget');
    cut.blackhole('toClient');
    await expectPrompt(backend.whenPeerGone(), 'the backend hears of it');
    await eventually(() => running.proxy.stats().activeExchanges === 0, 'the exchange to end');
  });

  it('inside a download: the backend hears of it', async () => {
    const running = await rig({ proxy: { responseSendTimeout: soon } });
    const { link, client } = await between(running);
    client.send(get());
    const backend = await running.backend();
    await backend.expectRequest();
    const cut = await link.link();
    cut.stall('toClient');
    await backend.send(head('transfer-encoding: chunked'));
    const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    while (await backend.send(piece).catch(() => false));
    await expectPrompt(backend.whenPeerGone(), 'the backend hears of it');
    await running.expectQuiet();
  });

  it.each([
    ['before the request has come', 'toTarget', '', 504],
    ['before the head', 'toClient', '', 504],
    ['inside the content', 'toClient', `${head('content-length: 8')}half`, 'reset'],
    ['inside chunked content', 'toClient', `${head('transfer-encoding: chunked')}4\r\nh`, 'reset'],
    ['inside content until the end', 'toClient', `${head()}half`, 'reset'],
  ] as const)('to the backend, %s', async (_, direction, bytes, answer) => {
    const running = await rig();
    const link = use(await startFaultProxy({ target: { port: running.origin.port } }));
    const cut = await rig({
      proxy: { backend: link.url, responseHeaderTimeout: soon, upstreamIdleTimeout: soon },
    });
    const client = await cut.client();
    const warm = client.request(get('/warm'));
    const backend = await running.backend();
    await backend.expectRequest();
    await backend.send(fine);
    await warm;
    const wire = await link.link();
    if (direction === 'toTarget') wire.blackhole('toTarget');
    client.send(get('/stage'));
    if (direction === 'toClient') {
      await backend.expectRequest();
      await backend.send(bytes);
      if (bytes !== '') await client.readHead();
      wire.blackhole('toClient');
    }
    if (answer === 'reset') await client.expectReset();
    else expect((await client.readResponse()).status).toBe(answer);
    await client.close();
    await cut.expectQuiet();
    await cut.expectEmptyPool();
  });
});

/**
 * The proxy is closed at every stage of an exchange: in good order, with a deadline that passes, and at
 * once. What was accepted is served, what is cut never looks complete, and nothing stays.
 */
import {
  eventually,
  guarded,
  type OriginConnection,
  type RawClient,
} from '@reverseit/test-servers';
import { useCensus } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import {
  expectPrompt,
  fine,
  get,
  head,
  post,
  quickMs,
  type Rig,
  type RigOptions,
  useRig,
} from './fault-rig.ts';

useCensus();
const rig = useRig();
const soon = 100;

interface Scene {
  readonly client: RawClient;
  readonly backend?: OriginConnection;
  /** Lets the exchange end well, and checks that the client got its response. */
  readonly finish?: () => Promise<void>;
}

interface Stage {
  readonly name: string;
  readonly options?: RigOptions;
  reach(rig: Rig): Promise<Scene>;
  /** What the client sees when it is cut: no byte more and an end, or a reset. Default: `reset`. */
  readonly cut?: 'end';
}

async function sent(rig: Rig, request = get('/stage')) {
  const client = await rig.client();
  client.send(request);
  const backend = await rig.backend();
  await backend.expectRequest();
  return { client, backend };
}

/** The rest of the response; the connection ends after it. */
function rest(
  client: RawClient,
  backend: OriginConnection,
  bytes: string | Buffer,
  end: string,
): () => Promise<void> {
  return async () => {
    await backend.send(bytes);
    if (end === '') backend.end();
    const whole = (await client.readUntilEnd()).toString('latin1');
    expect(whole.endsWith(end), JSON.stringify(whole)).toBe(true);
    await client.close();
  };
}

/** A whole response, which says that it is the last. */
async function expectLast(client: RawClient): Promise<void> {
  const answer = await client.readResponse();
  expect([answer.status, answer.text, answer.header('connection')]).toEqual([200, 'fine', 'close']);
  await client.expectFin();
}

const idle: readonly Stage[] = [
  {
    name: 'accepted, no byte sent',
    reach: async (rig) => {
      const client = await rig.client();
      await eventually(() => rig.proxy.stats().connections === 1, 'the accept');
      return { client };
    },
  },
  {
    name: 'between requests',
    reach: async (rig) => {
      const { client, backend } = await sent(rig);
      await backend.send(fine);
      await client.readResponse();
      await rig.expectQuiet(1);
      return { client };
    },
  },
];

const busy: readonly Stage[] = [
  {
    name: 'inside the head',
    options: { manual: 0 },
    reach: async (rig) => {
      const client = await rig.client();
      await client.write('GET /stage HTTP/1.1\r\nhost: ');
      // Those bytes have been read when a later request has been served.
      const other = await rig.client();
      await other.request(get('/other'));
      await other.close();
      const finish = async (): Promise<void> => {
        client.send('proxy.test\r\n\r\n');
        await expectLast(client);
      };
      return { client, finish };
    },
    cut: 'end',
  },
  {
    name: 'the body is being collected',
    options: { manual: 0 },
    reach: async (rig) => {
      const client = await rig.client();
      await client.write(`${post('/stage', 'content-length: 8')}half`);
      await eventually(() => rig.proxy.stats().activeExchanges === 1, 'the exchange');
      const finish = async (): Promise<void> => {
        client.send('half');
        await expectLast(client);
      };
      return { client, finish };
    },
  },
  {
    name: 'waiting for the pool',
    options: { proxy: { pool: { poolSize: 1 } } },
    reach: async (rig) => {
      const first = await sent(rig, get('/first'));
      const client = await rig.client();
      client.send(get('/stage'));
      await eventually(() => rig.proxy.stats().pools[0]?.waiting === 1, 'the wait for the pool');
      const finish = async (): Promise<void> => {
        await first.backend.send(fine);
        await expectLast(first.client);
        await first.backend.expectRequest();
        await first.backend.send(fine);
        await expectLast(client);
      };
      return { client, backend: first.backend, finish };
    },
  },
  {
    name: 'connecting to the backend',
    options: { scheme: 'https' },
    reach: async (rig) => {
      const client = await rig.client();
      client.send(get('/stage'));
      const backend = await rig.backend();
      await backend.reader.whenReceived(1);
      const finish = async (): Promise<void> => {
        backend.reset();
        expect((await client.readResponse()).status).toBe(502);
        await client.expectFin();
      };
      return { client, backend, finish };
    },
  },
  {
    name: 'the body is being streamed',
    options: { proxy: { requestBodyBufferSize: 0 } },
    reach: async (rig) => {
      const client = await rig.client();
      await client.write(`${post('/stage', 'content-length: 8')}half`);
      const backend = await rig.backend();
      await backend.reader.takeThrough('half');
      const finish = async (): Promise<void> => {
        client.send('half');
        await backend.reader.takeThrough('half');
        await backend.send(fine);
        await expectLast(client);
      };
      return { client, backend, finish };
    },
  },
  {
    name: 'the request is sent',
    reach: async (rig) => {
      const { client, backend } = await sent(rig);
      const finish = async (): Promise<void> => {
        await backend.send(fine);
        await expectLast(client);
      };
      return { client, backend, finish };
    },
  },
  {
    name: 'inside content with a length',
    reach: async (rig) => {
      const { client, backend } = await sent(rig);
      await backend.send(`${head('content-length: 8')}all `);
      await client.reader.takeThrough('all ');
      return { client, backend, finish: rest(client, backend, 'fine', 'fine') };
    },
  },
  {
    name: 'inside chunked content',
    reach: async (rig) => {
      const { client, backend } = await sent(rig);
      await backend.send(`${head('transfer-encoding: chunked')}4\r\nall \r\n`);
      await client.reader.takeThrough('all \r\n');
      const end = '4\r\nfine\r\n0\r\n\r\n';
      return { client, backend, finish: rest(client, backend, end, end) };
    },
  },
  {
    name: 'inside content that the end of the connection ends, to an HTTP/1.0 client',
    reach: async (rig) => {
      const { client, backend } = await sent(rig, 'GET / HTTP/1.0\r\nhost: proxy.test\r\n\r\n');
      await backend.send(`${head()}all `);
      await client.reader.takeThrough('all ');
      return { client, backend, finish: rest(client, backend, 'fine', '') };
    },
  },
  {
    name: 'a pipelined request is held',
    reach: async (rig) => {
      const { client, backend } = await sent(rig);
      await client.write(get('/held'));
      const finish = async (): Promise<void> => {
        await backend.send(fine);
        // RFC 9112 §9.6: what follows a response that says close is not served.
        await expectLast(client);
        expect(rig.origin.requests).toHaveLength(1);
      };
      return { client, backend, finish };
    },
  },
];

describe.each(idle)('close, $name', ({ reach }) => {
  it.each([undefined, 0, soon, Number.POSITIVE_INFINITY])(
    'with timeout %s: at once',
    async (timeout) => {
      const running = await rig();
      const { client } = await reach(running);
      const from = performance.now();
      const closed = running.proxy.close(timeout === undefined ? {} : { timeout });
      await client.expectClosed();
      await guarded(closed, 'the close');
      expect(performance.now() - from, 'ms').toBeLessThan(quickMs);
      expect(running.proxy.stats()).toMatchObject({ connections: 0, activeExchanges: 0 });
    },
  );
});

describe.each(busy)('close, $name', (stage) => {
  it('in good order: the exchange is finished', async () => {
    const running = await rig(stage.options);
    const { finish } = await stage.reach(running);
    let isClosed = false;
    const closed = running.proxy.close().then(() => {
      isClosed = true;
    });
    expect(running.proxy.address(), 'no longer listening').toBeNull();
    await running.turns();
    expect(isClosed, 'closed with an exchange under way').toBe(false);
    await finish?.();
    await guarded(closed, 'the close');
    expect(running.proxy.stats()).toMatchObject({ connections: 0, activeExchanges: 0 });
    await running.expectEmptyPool();
  });

  it.each([0, soon])('with a deadline of %i ms: cut', async (timeout) => {
    const running = await rig(stage.options);
    const { client, backend } = await stage.reach(running);
    await guarded(running.proxy.close({ timeout }), 'the close');
    expect(running.proxy.stats()).toMatchObject({ connections: 0, activeExchanges: 0 });
    await running.expectEmptyPool();
    await client.reader.whenGone();
    if (stage.cut !== 'end') expect(client.reader.departure).toBe('reset');
    if (backend !== undefined)
      await expectPrompt(backend.whenPeerGone(), 'the backend hears of it');
  });
});

describe('close in good order', () => {
  it.each(['a first request', 'a further request'])(
    '%s that has arrived is answered',
    async (which) => {
      const running = await rig({ manual: 0 });
      const client = await running.client();
      if (which === 'a first request') {
        await eventually(() => running.proxy.stats().connections === 1, 'the accept');
      } else await client.request(get('/first'));
      // In the kernel's buffer by the time of the close, not yet read.
      client.send(get('/last'));
      const closed = running.proxy.close();
      await expectLast(client);
      await guarded(closed, 'the close');
    },
  );

  it('serves every request of a load that it has read', async () => {
    const running = await rig({ manual: 0, proxy: { pool: { poolSize: 4 } } });
    const clients = await Promise.all(Array.from({ length: 20 }, () => running.client()));
    let answered = 0;
    let lost = 0;
    const loads = clients.map(async (client) => {
      for (;;) {
        client.send(get('/load'));
        const isAnswered = await client.readResponse().then(
          (answer) => {
            expect(answer.text).toBe('fine');
            answered += 1;
            return answer.header('connection') !== 'close';
          },
          () => {
            lost += 1;
            return false;
          },
        );
        if (!isAnswered) break;
      }
      await client.close();
    });
    await eventually(() => answered > 200, 'the load');
    await guarded(running.proxy.close(), 'the close');
    await Promise.all(loads);
    const { totalExchanges } = running.proxy.stats();
    expect({ answered, lost }).toEqual({ answered: totalExchanges, lost: 0 });
  });

  it('a second close with a timeout ends a first without', async () => {
    const running = await rig();
    const { client, backend } = await sent(running);
    const first = running.proxy.close({ timeout: Number.POSITIVE_INFINITY });
    await running.turns();
    await Promise.all([first, running.proxy.close({ timeout: 0 })]);
    await client.expectReset();
    await backend.whenPeerGone();
  });
});

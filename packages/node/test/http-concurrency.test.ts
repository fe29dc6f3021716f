/** Many clients at once, and content that one side does not take. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  answerEach,
  deferred,
  eventually,
  patternBytes,
  patternChunks,
  patternSha256,
  type RawClient,
  response,
} from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import { request, type TestProxy, useProxy } from './harness.ts';

const start = useProxy();
const MiB = 1024 * 1024;

/** A content that no other client has: of a length and with bytes of its own. */
const bodyOf = (client: number, round: number): Buffer =>
  patternBytes(1 + ((client * 7919 + round * 104_729) % 30_000), client * 1000 + round);

const echo = answerEach(({ target, body }) => response(200, body, [`X-Target: ${target}`]));

/** Sends the content of a round and checks that the answer is the one for it. */
async function exchange(
  client: RawClient,
  id: number,
  round: number,
  chunked: boolean,
): Promise<void> {
  const content = bodyOf(id, round);
  const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${content.length}`;
  client.send(request(`POST /c${id}/r${round}`, [framing]));
  if (chunked) {
    const half = content.length >> 1;
    for (const piece of [content.subarray(0, half), content.subarray(half)]) {
      if (piece.length > 0)
        client.send(
          Buffer.concat([
            Buffer.from(`${piece.length.toString(16)}\r\n`),
            piece,
            Buffer.from('\r\n'),
          ]),
        );
    }
    client.send('0\r\n\r\n');
  } else client.send(content);
  const answered = await client.readResponse();
  expect(answered.header('x-target')).toBe(`/c${id}/r${round}`);
  expect(answered.body.equals(content)).toBe(true);
}

const connectAll = (bench: TestProxy, count: number, guardMs?: number): Promise<RawClient[]> =>
  Promise.all(Array.from({ length: count }, () => bench.connect(guardMs)));

describe('many clients', () => {
  it.each([
    ['collected, a connection for each', { pool: { poolSize: 100 } }],
    ['collected, over five connections', { pool: { poolSize: 5 } }],
    ['streamed, over twenty connections', { pool: { poolSize: 20 }, requestBodyBufferSize: 0 }],
    ['one-shot', { upstreamConnection: 'one-shot' as const }],
    ['over several pools', { pool: { poolSize: 4, poolCount: 4 } }],
  ])('RFC 9112 §9.2: contents of 100 clients are never mixed: %s', async (_, options) => {
    // On a slow machine the queue takes its time; that is not what is tested.
    const bench = await start({
      options: { poolTimeout: 0, ...options },
      origin: { script: echo },
    });
    const clients = await connectAll(bench, 100);
    await Promise.all(
      clients.map(async (client, id) => {
        for (let round = 0; round < 5; round += 1)
          await exchange(client, id, round, (id + round) % 2 === 0);
      }),
    );
    const { poolSize = 50, poolCount = 1 } =
      'pool' in options ? { poolCount: 1, ...options.pool } : {};
    expect(bench.origin.requestCount).toBe(500);
    if (!('upstreamConnection' in options)) {
      expect(bench.origin.connectionCount).toBeLessThanOrEqual(poolSize * poolCount);
    }
  });

  it('RFC 9112 §9.3.2: nor those of 50 clients that pipeline', async () => {
    const bench = await start({ options: { poolTimeout: 0 }, origin: { script: echo } });
    const clients = await connectAll(bench, 50);
    await Promise.all(
      clients.map(async (client, id) => {
        const rounds = [0, 1, 2, 3];
        for (const round of rounds) {
          const content = bodyOf(id, round);
          client.send(request(`POST /c${id}/r${round}`, [`Content-Length: ${content.length}`]));
          client.send(content);
        }
        for (const round of rounds) {
          const answered = await client.readResponse();
          expect(answered.header('x-target')).toBe(`/c${id}/r${round}`);
          expect(answered.body.equals(bodyOf(id, round))).toBe(true);
        }
      }),
    );
  });

  it('RFC 9112 §9.6: nor when every third client leaves at another moment', async () => {
    const bench = await start({
      options: { pool: { poolSize: 8 }, poolTimeout: 0, requestBodyBufferSize: 1000 },
      origin: { script: echo },
    });
    const clients = await connectAll(bench, 90);
    await Promise.all(
      clients.map(async (client, id) => {
        if (id % 3 !== 0) {
          for (let round = 0; round < 4; round += 1)
            await exchange(client, id, round, id % 2 === 0);
          return;
        }
        const content = bodyOf(id, 0);
        const whole = Buffer.concat([
          Buffer.from(request(`POST /leaves${id}`, [`Content-Length: ${content.length}`])),
          content,
        ]);
        // Inside the head, at its end, inside the content, and after the request.
        const cuts = [
          10,
          whole.length - content.length,
          whole.length - (content.length >> 1),
          whole.length,
        ];
        await client.write(whole.subarray(0, cuts[(id / 3) % 4]));
        if (id % 2 === 0) client.reset();
        else await client.close();
      }),
    );
    // Requests of those who left are cut off at the backend, too.
    bench.origin.failures.length = 0;
  });
});

describe('back-pressure', () => {
  const huge = process.env.REVERSEIT_HUGE_BODIES !== undefined;
  const size = huge ? 1024 * MiB : 64 * MiB;
  /** What a stalled transfer may hold: the buffers of four sockets in the kernel, and ours. */
  const mostInFlight = 32 * MiB;
  const maxHeld = 12 * MiB;
  const guardMs = huge ? 300_000 : 60_000;

  /** Waits until a count has stopped growing. */
  const whenStalled = async (count: () => number): Promise<number> => {
    let last = -1;
    let since = performance.now();
    await eventually(
      () => {
        if (count() !== last) {
          last = count();
          since = performance.now();
        }
        return last > 0 && performance.now() - since > 200;
      },
      () => `the transfer to stall, at ${count()}`,
      guardMs,
    );
    return last;
  };

  // Called rarely: what is not held any more must not be counted.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = (): number => {
    // The memory of a buffer is swept after the collection that found it dead.
    collect();
    collect();
    return process.memoryUsage().arrayBuffers;
  };
  const sampleEvery = size / 8;

  it(`RFC 9112 §6: a client that does not read holds ${size / MiB} MiB back at the backend`, {
    timeout: guardMs,
  }, async () => {
    let sent = 0;
    let most = 0;
    const before = held();
    const bench = await start({
      origin: {
        guardMs,
        script: [
          (c) => c.expectRequest(),
          (c) => c.send(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`),
          async (c) => {
            for (const piece of patternChunks(size)) {
              await c.send(piece);
              if (sent % sampleEvery > (sent + piece.length) % sampleEvery)
                most = Math.max(most, held() - before);
              sent += piece.length;
            }
          },
        ],
      },
    });
    const client = await bench.connect(guardMs);
    client.send(request('GET /x'));
    await bench.origin.request(0);
    client.pauseReading();
    expect(await whenStalled(() => sent)).toBeLessThan(mostInFlight);
    most = Math.max(most, held() - before);
    client.resumeReading();
    const { bodyLength, sha256 } = await client.readResponse({ keepBody: false });
    expect([bodyLength, sha256]).toEqual([size, patternSha256(size)]);
    expect(most).toBeLessThan(maxHeld);
  });

  it.each(['Content-Length', 'Transfer-Encoding'])(
    `RFC 9112 §6: a backend that does not read holds ${size / MiB} MiB back at the client, %s`,
    { timeout: guardMs },
    async (how) => {
      const goOn = deferred();
      const bench = await start({
        options: { maxRequestBodySize: Number.POSITIVE_INFINITY },
        origin: {
          guardMs,
          script: [
            async (c) => {
              const head = await c.expectHead();
              c.pauseReading();
              await goOn.promise;
              c.resumeReading();
              await c.expectBody(head, { keepBody: false });
              await c.send(response(200, 'ok'));
            },
          ],
        },
      });
      const client = await bench.connect(guardMs);
      const chunked = how === 'Transfer-Encoding';
      const before = held();
      let sent = 0;
      let most = 0;
      client.send(request('POST /x', [`${how}: ${chunked ? 'chunked' : size}`]));
      const sending = (async () => {
        for (const piece of patternChunks(size)) {
          if (chunked) client.send(`${piece.length.toString(16)}\r\n`);
          await client.write(piece);
          if (chunked) client.send('\r\n');
          if (sent % sampleEvery > (sent + piece.length) % sampleEvery)
            most = Math.max(most, held() - before);
          sent += piece.length;
        }
        if (chunked) client.send('0\r\n\r\n');
      })();
      await bench.origin.connection(0);
      expect(await whenStalled(() => sent)).toBeLessThan(mostInFlight);
      most = Math.max(most, held() - before);
      goOn.resolve();
      await sending;
      expect((await client.readResponse()).text).toBe('ok');
      const seen = await bench.origin.request(0);
      expect([seen.bodyLength, seen.sha256]).toEqual([size, patternSha256(size)]);
      expect(most).toBeLessThan(maxHeld);
    },
  );

  it('RFC 9112 §7.1: a megabyte in chunks of one byte takes no more than a few in memory', async () => {
    const bench = await start();
    const client = await bench.connect();
    const taken = (): number => held() + process.memoryUsage().heapUsed;
    const before = taken();
    client.send(request('POST /x', ['Transfer-Encoding: chunked']));
    for (let nth = 0; nth < 500; nth += 1) await client.write('1\r\nx\r\n'.repeat(2000));
    // The bytes have left the client; the proxy has read them once it reads what follows.
    const other = await bench.connect();
    expect((await other.request(request('GET /y'))).status).toBe(200);
    expect(taken() - before).toBeLessThan(8 * MiB);
    client.send('0\r\n\r\n');
    expect((await client.readResponse()).text).toBe('ok');
    expect((await bench.origin.request(1)).bodyLength).toBe(1_000_000);
  });

  it('RFC 9112 §9.3.2: a client that pipelines and reads nothing is not answered beyond a bound', async () => {
    const bench = await start({
      origin: { script: answerEach(response(200, 'x'.repeat(100_000))) },
    });
    const client = await bench.connect();
    client.pauseReading();
    // Answers of 100 MB in all.
    client.send(request('GET /x').repeat(1000));
    const asked = await whenStalled(() => bench.origin.requestCount);
    expect(asked * 100_000).toBeLessThan(mostInFlight);
    client.resumeReading();
    for (let nth = 0; nth < 1000; nth += 1) {
      expect((await client.readResponse({ keepBody: false })).bodyLength).toBe(100_000);
    }
    expect(bench.origin.requestCount).toBe(1000);
  });

  it('RFC 9112 §7.1: 20 clients that read at their own pace get each its own', {
    timeout: guardMs,
  }, async () => {
    const each = 4 * MiB;
    const bench = await start({
      origin: {
        guardMs,
        script: async (c) => {
          while (await c.reader.hasMore()) {
            const { target } = await c.expectRequest();
            const from = Number(target.slice(1));
            await c.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
            for (let at = 0; at < each; at += 65_536) {
              await c.send('10000\r\n');
              await c.send(patternBytes(65_536, from + at));
              await c.send('\r\n');
            }
            await c.send('0\r\n\r\n');
          }
        },
      },
    });
    const clients = await connectAll(bench, 20, guardMs);
    await Promise.all(
      clients.map(async (client, id) => {
        client.send(request(`GET /${id * 100}`));
        if (id % 2 === 0) client.pauseReading();
        const { body } = await Promise.resolve()
          .then(() => (id % 2 === 0 ? bench.origin.request(19) : undefined))
          .then(() => client.resumeReading())
          .then(() => client.readResponse());
        expect(body.equals(patternBytes(each, id * 100))).toBe(true);
      }),
    );
  });
});

/**
 * Exchanges that break off leave nothing in memory: the heap after hundreds of each kind is what it
 * was before. `REVERSEIT_FAULT_EXCHANGES` sets how many (default 400).
 */
import {
  connectRaw,
  eventually,
  type RawClient,
  type ScriptedOrigin,
} from '@reverseit/test-servers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer, type ReverseItServer } from '../src/index.ts';
import { requestBytes, startChaosOrigin } from './fault-chaos.ts';
import { get, post } from './fault-rig.ts';
import { memoryInUse } from './garbage.ts';

const exchanges = Number(process.env.REVERSEIT_FAULT_EXCHANGES ?? 400);
/** What a broken exchange may leave, on average. One that leaks anything of its own leaves kilobytes. */
const mostBytesEach = 200;
/** What the engine itself may have grown by. */
const slack = 400_000;

let origin: ScriptedOrigin;
let proxy: ReverseItServer;
let port: number;

beforeEach(async () => {
  origin = await startChaosOrigin();
  proxy = createServer({
    logger: null,
    backend: origin.url,
    pool: { poolSize: 4 },
    requestBodyBufferSize: 4096,
  });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  port = 'port' in address ? address.port : 0;
});

afterEach(async () => {
  await proxy.close({ timeout: 0 });
  await origin.close();
});

const connect = (): Promise<RawClient> => connectRaw({ port, maxRecordedBytes: 0 });
const answered = { id: 'x', length: 3000, upload: 0, isChunked: false, exit: null } as const;

const kinds: readonly [string, () => Promise<void>][] = [
  [
    'client resets inside its head',
    async () => {
      const client = await connect();
      await client.write('GET / HTTP/1.1\r\nhost: a\r\nx-');
      client.reset();
      await client.close();
    },
  ],
  [
    'client resets inside a collected body',
    async () => {
      const client = await connect();
      await client.write(`${post('/', 'content-length: 4000')}${'x'.repeat(2000)}`);
      client.reset();
      await client.close();
    },
  ],
  [
    'client resets inside a streamed body',
    async () => {
      const client = await connect();
      await client.write(`${post('/', 'content-length: 40000')}${'x'.repeat(9000)}`);
      client.reset();
      await client.close();
    },
  ],
  [
    'client leaves while it waits',
    async () => {
      const client = await connect();
      await client.write(requestBytes({ ...answered, plan: 'length', upload: 300 }));
      await client.close();
    },
  ],
  [
    'client resets inside the response',
    async () => {
      const client = await connect();
      client.send(requestBytes({ ...answered, plan: 'drip' }));
      await client.reader.takeThrough('\r\n\r\n');
      client.reset();
      await client.close();
    },
  ],
  [
    'backend resets before the head',
    async () => {
      const client = await connect();
      await client.request(requestBytes({ ...answered, plan: 'reset' }));
      await client.close();
    },
  ],
  [
    'backend cuts the content',
    async () => {
      const client = await connect();
      client.send(requestBytes({ ...answered, plan: 'cut-length' }));
      await client.expectReset();
    },
  ],
  [
    'backend answers early',
    async () => {
      const client = await connect();
      client.send(`${post('/early/4/x', 'content-length: 9000', 'x-id: x')}${'x'.repeat(5000)}`);
      await client.readResponse();
      client.reset();
      await client.close();
    },
  ],
  [
    'request is refused',
    async () => {
      const client = await connect();
      await client.request(get('/', 'content-length: 1', 'content-length: 2'));
      await client.close();
    },
  ],
];

async function quiet(): Promise<void> {
  await eventually(() => {
    const { connections, activeExchanges, pools } = proxy.stats();
    const isBusy = pools.some(
      ({ active, waiting, open, idle }) => active + waiting + open - idle > 0,
    );
    return connections === 0 && activeExchanges === 0 && !isBusy;
  }, 'the proxy to be quiet');
}

async function usage(): Promise<number> {
  await quiet();
  const { heapUsed, external } = await memoryInUse();
  return heapUsed + external;
}

async function repeat(times: number, exchange: () => Promise<void>): Promise<void> {
  let left = times;
  const loop = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await exchange();
    }
  };
  await Promise.all(Array.from({ length: 16 }, loop));
}

describe('memory after broken exchanges', { timeout: 60_000 }, () => {
  it.each(kinds)('%s', async (_, exchange) => {
    await repeat(Math.min(200, exchanges), exchange);
    const before = await usage();
    await repeat(exchanges, exchange);
    expect((await usage()) - before, 'bytes more').toBeLessThan(slack + mostBytesEach * exchanges);
  });
});

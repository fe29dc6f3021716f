/**
 * Exchanges that break off leave nothing in memory: the heap after hundreds of each kind is what it
 * was before. `REVERSEIT_FAULT_EXCHANGES` sets how many make a round (default 200).
 */
import {
  connectRaw,
  eventually,
  type RawClient,
  type ScriptedOrigin,
  turn,
} from '@reverseit/test-servers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer, type ReverseItServer } from '../src/index.ts';
import { requestBytes, startChaosOrigin } from './fault-chaos.ts';
import { get, post } from './fault-rig.ts';
import { memoryInUse } from './garbage.ts';

const exchanges = Number(process.env.REVERSEIT_FAULT_EXCHANGES ?? 200);
/**
 * What a broken exchange may leave, on average, in the round that leaves least: the engine grows for a while. One
 * that leaks anything of its own leaves kilobytes in every round.
 */
const mostBytesEach = 200;
/** What the engine itself may grow by in a round. */
const slack = 100_000;
const maxRounds = 8;

let origin: ScriptedOrigin;
let proxy: ReverseItServer;
let port: number;
/** Connections that clients have made. */
let connected: number;

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
  connected = 0;
});

afterEach(async () => {
  await proxy.close({ timeout: 0 });
  await origin.close();
});

/** Of a connection that is reset before it was accepted the proxy reads nothing. */
async function connect(): Promise<RawClient> {
  const client = await connectRaw({ port, maxRecordedBytes: 0 });
  connected += 1;
  const all = connected;
  await eventually(() => proxy.stats().totalConnections >= all, 'the proxy to accept');
  return client;
}

/** Sends what the proxy has read when this is over: it does so within a turn. */
async function send(client: RawClient, bytes: string | Buffer): Promise<void> {
  await client.write(bytes);
  await turn();
  await turn();
}

const answered = { id: 'x', length: 3000, upload: 0, isChunked: false, exit: null } as const;

const kinds: readonly [string, () => Promise<void>][] = [
  [
    'client resets inside its head',
    async () => {
      const client = await connect();
      await send(client, 'GET / HTTP/1.1\r\nhost: a\r\nx-');
      client.reset();
      await client.close();
    },
  ],
  [
    'client resets inside a collected body',
    async () => {
      const client = await connect();
      await send(client, `${post('/', 'content-length: 4000')}${'x'.repeat(2000)}`);
      client.reset();
      await client.close();
    },
  ],
  [
    'client resets inside a streamed body',
    async () => {
      const client = await connect();
      await send(client, `${post('/', 'content-length: 40000')}${'x'.repeat(9000)}`);
      client.reset();
      await client.close();
    },
  ],
  [
    'client leaves while it waits',
    async () => {
      const client = await connect();
      await send(client, requestBytes({ ...answered, plan: 'length', upload: 300 }));
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
    const { connections, totalConnections, activeExchanges, pools } = proxy.stats();
    const isBusy = pools.some(
      ({ active, waiting, open, idle }) => active + waiting + open - idle > 0,
    );
    const isIdle = connections === 0 && activeExchanges === 0 && !isBusy;
    return isIdle && totalConnections === connected;
  }, 'the proxy to be quiet');
}

async function usage(): Promise<number> {
  await quiet();
  const { heapUsed, external } = await memoryInUse();
  return heapUsed + external;
}

async function round(exchange: () => Promise<void>): Promise<void> {
  let left = exchanges;
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
    const mostBytes = slack + mostBytesEach * exchanges;
    let least = Number.POSITIVE_INFINITY;
    await round(exchange);
    for (let rounds = 0; rounds < maxRounds && least >= mostBytes; rounds += 1) {
      const before = await usage();
      await round(exchange);
      least = Math.min(least, (await usage()) - before);
    }
    expect(least, 'bytes more').toBeLessThan(mostBytes);
  });
});

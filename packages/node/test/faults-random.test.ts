/**
 * Thousands of exchanges at once, clients and backends failing at random. Every byte of a response names
 * the request it belongs to, so that a response which reaches the wrong client shows; in the end nothing
 * is left, and the next exchange is served as if nothing had been.
 *
 * `REVERSEIT_FAULT_EXCHANGES` sets how many in each test (default 600), `REVERSEIT_FAULT_SEED`
 * repeats a run; the seed is part of the tests' names.
 */
import { connectRaw, type RawClient } from '@reverseit/test-servers';
import { type LinkFaults, startFaultProxy } from '@reverseit/test-servers/fault-proxy';
import { useCensus } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';
import {
  bad,
  bodyOf,
  Dice,
  type ExchangePlan,
  type Exit,
  good,
  leave,
  type Plan,
  requestBytes,
  startChaosOrigin,
} from './fault-chaos.ts';
import { Rig } from './fault-rig.ts';

useCensus();

const exchanges = Number(process.env.REVERSEIT_FAULT_EXCHANGES ?? 600);
const seed = Number(process.env.REVERSEIT_FAULT_SEED ?? Date.now() % 1_000_000);
const workers = 32;

interface Setup {
  readonly options: Partial<ReverseItOptions>;
  /**
   * Who fails: `all`; `mild`: backends, in ways that cost no request that can be repeated; `network`: all,
   * and the network on both sides of the proxy as well.
   */
  readonly who: 'all' | 'mild' | 'network';
}

interface Tally {
  complete: number;
  refused: number;
  cut: number;
  left: number;
}

/** A client that does one exchange after the other, over one connection for as long as it lasts. */
class Worker {
  readonly #port: number;
  readonly #dice: Dice;
  readonly #tally: Tally;
  readonly #who: Setup['who'];
  #client: RawClient | null = null;

  constructor(port: number, dice: Dice, tally: Tally, who: Setup['who']) {
    this.#port = port;
    this.#dice = dice;
    this.#tally = tally;
    this.#who = who;
  }

  async run(ids: Iterator<string>): Promise<void> {
    for (let next = ids.next(); !next.done; next = ids.next()) await this.#exchange(next.value);
    await this.#client?.close();
  }

  #plan(id: string): ExchangePlan {
    const dice = this.#dice;
    const plan: Plan = this.#who === 'mild' || dice.chance(0.6) ? dice.pick(good) : dice.pick(bad);
    const upload = dice.chance(0.4) ? 1 + dice.below(dice.chance(0.1) ? 200_000 : 2000) : 0;
    let exit: Exit = null;
    if (this.#who !== 'mild' && dice.chance(0.35)) {
      const when = dice.pick(['sending', 'sent', 'head', 'body'] as const);
      exit = { when, how: dice.pick(['reset', 'close', 'end'] as const) };
    }
    const length = 1 + dice.below(dice.chance(0.1) ? 300_000 : 3000);
    return { id, plan, length, upload, isChunked: dice.chance(0.5), exit };
  }

  async #exchange(id: string): Promise<void> {
    const exchange = this.#plan(id);
    this.#client ??= await connectRaw({ port: this.#port, maxRecordedBytes: 0 });
    const client = this.#client;
    const bytes = requestBytes(exchange);
    const { exit } = exchange;
    if (exit?.when === 'sending') {
      client.send(bytes.subarray(0, this.#dice.below(bytes.length)));
      await leave(client, exit.how, this.#dice);
      this.#leave(client);
      return;
    }
    client.send(bytes);
    if (exit?.when === 'sent' && (await leave(client, exit.how, this.#dice))) {
      this.#leave(client);
      return;
    }
    try {
      await this.#read(client, exchange);
    } catch (error) {
      if ((error as Error).name !== 'PeerGoneError') throw error;
      this.#tally.cut += 1;
      this.#expectCut(exchange);
      this.#forget(client);
    }
    if (exit !== null) this.#forget(client);
  }

  async #read(client: RawClient, exchange: ExchangePlan): Promise<void> {
    const { id, exit, plan } = exchange;
    if (exit?.when === 'head' || exit?.when === 'body') {
      await client.reader.takeThrough(exit.when === 'head' ? '\r\n' : '\r\n\r\n');
      await leave(client, exit.how, this.#dice);
      this.#leave(client);
      return;
    }
    const answer = await client.readResponse();
    if (answer.status === 200) {
      const isCutSilently = this.#who === 'network' && plan === 'close';
      const length = plan === 'early' ? 4 : isCutSilently ? answer.bodyLength : exchange.length;
      expect(answer.header('x-id'), 'the response of another request').toBe(id);
      expect(answer.body.equals(bodyOf(id, length)), `the content of ${id}`).toBe(true);
      this.#tally.complete += 1;
    } else {
      const isNetwork = this.#who === 'network';
      expect(isNetwork ? [408, 502, 504] : [502], id).toContain(answer.status);
      this.#tally.refused += 1;
      // A POST cannot be repeated when its connection was about to be closed.
      const isExcused =
        isNetwork || exchange.upload > 0 || (bad as readonly string[]).includes(plan);
      if (!isExcused) throw new Error(`${id} (${plan}) was answered with 502`);
    }
    if (answer.header('connection') === 'close' || exit !== null) this.#forget(client);
  }

  /** The response may break off only where the backend broke it off. */
  #expectCut({ id, plan, exit }: ExchangePlan): void {
    if (this.#who === 'network') return;
    if (exit !== null || plan.startsWith('cut-') || plan === 'early') return;
    throw new Error(`${id} (${plan}) was cut`);
  }

  #leave(client: RawClient): void {
    this.#tally.left += 1;
    this.#forget(client);
  }

  #forget(client: RawClient): void {
    void client.close();
    this.#client = null;
  }
}

function* numbered(prefix: string, count: number): Generator<string> {
  for (let i = 0; i < count; i += 1) yield `${prefix}${i}`;
}

/** Latency and loss everywhere, and one link in four that breaks. */
function badNetwork(
  dice: Dice,
  ways: readonly ('resetAt' | 'finAt' | 'stallAt' | 'blackholeAt')[],
) {
  return (): LinkFaults => {
    const random = (): number => dice.next();
    const line = { latencyMs: dice.below(3), lossRate: 0.01, retransmitMs: 30, random };
    const broken = { ...line, [dice.pick(ways)]: dice.below(20_000) };
    const toTarget = dice.chance(0.25) ? broken : line;
    return { toTarget, toClient: toTarget === line && dice.chance(0.25) ? broken : line };
  };
}

const soon = 300;
const impatient: Partial<ReverseItOptions> = {
  requestHeaderTimeout: soon,
  requestBodyReadTimeout: soon,
  responseHeaderTimeout: soon,
  upstreamIdleTimeout: soon,
  responseSendTimeout: soon,
};

async function run({ options, who }: Setup) {
  const origin = await startChaosOrigin();
  const opened: { close(): Promise<void> }[] = [];
  const dice = new Dice(seed);
  const between = async (port: number, ways: Parameters<typeof badNetwork>[1]): Promise<number> => {
    if (who !== 'network') return port;
    const link = await startFaultProxy({ target: { port }, faults: badNetwork(dice, ways) });
    opened.push(link);
    return link.port;
  };
  const toBackend = await between(origin.port, ['resetAt', 'finAt', 'stallAt', 'blackholeAt']);
  const proxy = createServer({
    logger: null,
    backend: `http://127.0.0.1:${toBackend}`,
    responseHeaderRetries: 10,
    poolTimeout: 0,
    ...options,
  });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? address.port : 0;
  const toProxy = await between(port, ['resetAt']);
  const tally: Tally = { complete: 0, refused: 0, cut: 0, left: 0 };
  const ids = numbered(`i${seed}-`, exchanges);
  await Promise.all(
    Array.from({ length: workers }, (_, i) =>
      new Worker(toProxy, new Dice(seed * 1000 + i), tally, who).run(ids),
    ),
  );
  return { proxy, origin, tally, opened, rig: new Rig(proxy, origin, port) };
}

async function expectNothingLeft({ proxy, origin, opened, rig }: Awaited<ReturnType<typeof run>>) {
  await rig.expectQuiet();
  const last = { id: 'last', length: 100, upload: 10, isChunked: false, exit: null };
  // Over a bad network any exchange may fail.
  if (opened.length === 0) {
    const client = await rig.client();
    const answer = await client.request(requestBytes({ ...last, plan: 'length' }));
    expect([answer.status, answer.header('x-id')]).toEqual([200, 'last']);
    await client.close();
    await rig.expectQuiet();
  }
  origin.assertScripts();
  const [pool] = proxy.stats().pools;
  expect(pool?.open).toBe(pool?.idle);
  await rig.close();
  for (const link of opened) await link.close();
}

describe(`with seed ${seed}`, { timeout: 60_000 + exchanges * 20 }, () => {
  it.each<[string, Partial<ReverseItOptions>]>([
    ['a wide pool', { pool: { poolSize: 50 } }],
    ['a narrow pool', { pool: { poolSize: 3 } }],
    ['streamed bodies', { pool: { poolSize: 8 }, requestBodyBufferSize: 0 }],
    ['a connection for each request', { pool: { poolSize: 8 }, upstreamConnection: 'one-shot' }],
  ])('responses reach their own requests, whoever fails: %s', async (_, options) => {
    const outcome = await run({ options, who: 'all' });
    const { complete, refused, cut, left } = outcome.tally;
    expect(complete + refused + cut + left).toBe(exchanges);
    for (const count of [complete, refused, cut, left]) expect(count).toBeGreaterThan(0);
    await expectNothingLeft(outcome);
  });

  it('no GET is lost to backends that close after their responses or send two', async () => {
    const outcome = await run({ options: { pool: { poolSize: 6 } }, who: 'mild' });
    expect(outcome.tally.cut + outcome.tally.left).toBe(0);
    await expectNothingLeft(outcome);
  });

  it.each([1_048_576, 0])(
    'responses reach their own requests over a network that fails, bodies buffered up to %i',
    async (requestBodyBufferSize) => {
      const options = { ...impatient, pool: { poolSize: 8 }, requestBodyBufferSize };
      const outcome = await run({ options, who: 'network' });
      expect(outcome.tally.complete).toBeGreaterThan(0);
      await expectNothingLeft(outcome);
    },
  );
});

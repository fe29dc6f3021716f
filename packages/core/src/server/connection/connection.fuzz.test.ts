import { turn } from '@reverseit/test-servers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { request, useRig } from '../../../test/server-rig.ts';
import type { Exchange, ExchangeHandler, RequestListener } from '../../index.ts';

const start = useRig();

/** The ways in which a handler may treat its exchange, each of which ends with 200 and the target. */
const manners = [
  'at once',
  'later',
  'content',
  'early',
  'inside',
  'paused',
  'stream',
  'stream early',
] as const;
type Manner = (typeof manners)[number];

const respond = (exchange: Exchange): void => exchange.respond(200, [], exchange.head.target);

function stream(exchange: Exchange): void {
  exchange.sendHead(200, '', [], null);
  for (const letter of exchange.head.target) exchange.write(Buffer.from(letter));
  setImmediate(() => exchange.end());
}

/** Reads the target's manner and does accordingly. */
class Mannered implements ExchangeHandler {
  readonly #exchange: Exchange;
  readonly #manner: Manner;
  readonly #wanted: string;
  #content = '';

  constructor(exchange: Exchange, manner: Manner, wanted: string) {
    this.#exchange = exchange;
    this.#manner = manner;
    this.#wanted = wanted;
    exchange.handler = this;
    if (manner === 'at once') respond(exchange);
    else if (manner === 'later') setImmediate(() => respond(exchange));
    else if (manner === 'stream early') setImmediate(() => stream(exchange));
    else if (exchange.requestComplete && wanted === '') this.#finish();
    else if (manner === 'early') {
      exchange.readBody(0);
      setImmediate(() => respond(exchange));
    } else exchange.readBody(0);
  }

  onBody(piece: Buffer): void {
    this.#content += piece.toString('latin1');
    if (this.#manner === 'inside' && !this.#exchange.done) respond(this.#exchange);
    if (this.#manner === 'paused') {
      this.#exchange.pauseBody();
      setImmediate(() => this.#exchange.readBody(0));
    }
  }

  onBodyEnd(): void {
    if (this.#exchange.done) return;
    if (this.#manner !== 'early') expect(this.#content).toBe(this.#wanted);
    this.#finish();
  }

  onDrain(): void {}

  onAbort(error: Error): void {
    throw error;
  }

  #finish(): void {
    if (this.#manner === 'stream') stream(this.#exchange);
    else if (this.#manner !== 'early') respond(this.#exchange);
    else setImmediate(() => this.#exchange.done || respond(this.#exchange));
  }
}

const oneRequest = fc.record({
  manner: fc.constantFrom(...manners),
  framing: fc.constantFrom('none', 'length', 'chunked'),
  content: fc.string({
    unit: fc.constantFrom('a', '\r', '\n', '0', 'G'),
    minLength: 1,
    maxLength: 50,
  }),
});

test('any sequence of requests, cut anywhere, however they are handled: every response, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(oneRequest, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 6 }),
      fc.boolean(),
      async (sequence, cuts, ends) => {
        const listener: RequestListener = (exchange) => {
          const one = sequence[Number(exchange.head.target.slice(1))];
          if (one === undefined) throw new Error('a request that nobody sent');
          new Mannered(exchange, one.manner, one.framing === 'none' ? '' : one.content);
        };
        const rig = await start(listener);
        const client = await rig.client();
        const text = sequence
          .map(({ framing, content }, nth) => {
            if (framing === 'none') return request(`GET /${nth}`);
            if (framing === 'length')
              return request(`POST /${nth}`, [`Content-Length: ${content.length}`], content);
            const size = content.length.toString(16);
            return request(
              `POST /${nth}`,
              ['Transfer-Encoding: chunked'],
              `${size}\r\n${content}\r\n0\r\n\r\n`,
            );
          })
          .join('');
        const places = cuts.map((cut) => cut % text.length).sort((a, b) => a - b);
        let from = 0;
        for (const to of [...places, text.length]) {
          await client.write(text.slice(from, to));
          await turn();
          from = to;
        }
        if (ends) client.end();
        for (const [nth] of sequence.entries()) {
          const response = await client.readResponse();
          expect([response.status, response.text]).toEqual([200, `/${nth}`]);
        }
        if (ends) await client.expectFin();
        expect(rig.server.stats()).toMatchObject({
          activeExchanges: 0,
          totalExchanges: sequence.length,
        });
        await rig.close();
      },
    ),
    {
      numRuns: Math.min(1000, fc.readConfigureGlobal()?.numRuns ?? 60),
      // An interruption would leave connections in the middle of their requests.
      interruptAfterTimeLimit: 3_600_000,
    },
  );
});

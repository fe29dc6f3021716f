/** GETs and POSTs, each with an id of its own, as long as it is told to; it counts what becomes of them. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@reverseit/test-servers';

/** Requests a second; what a machine cannot do is not made up for later. */
const rate = Number(process.env.REVERSEIT_FAIL_OVER_RATE ?? 1000);
const clients = Math.max(12, Math.ceil(rate / 50));
/** Of each client, from the begin of a request to that of the next, in ms. */
const interval = (1000 * clients) / rate;
/** Every so many requests are POSTs. */
const postEvery = 4;

export class SteadyLoad {
  /** GETs that were not answered as they should be. */
  readonly lost: string[] = [];
  /** Targets of the POSTs that were answered. */
  readonly posted: string[] = [];
  /** GETs that a backend has answered, by its name. */
  readonly answeredBy = new Map<string, number>();
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #gets: number[] = Array.from({ length: clients }, () => 0);
  readonly #running: Promise<unknown>;
  #ends = false;

  constructor(url: string) {
    this.#url = url;
    this.#running = Promise.all(this.#gets.map((_, client) => this.#run(client)));
  }

  /** Waits until every client has got so many further answers to its GETs. */
  async progress(count: number): Promise<void> {
    const wanted = this.#gets.map((gets) => gets + count);
    await this.until(
      () => this.#gets.every((gets, client) => gets >= (wanted[client] as number)),
      `${count} more GETs of each client`,
    );
  }

  /** Waits until a backend has answered a further GET. */
  async answerOf(name: string): Promise<void> {
    const before = this.answersOf(name);
    await this.until(() => this.answersOf(name) > before, `an answer of ${name}`);
  }

  answersOf(name: string): number {
    return this.answeredBy.get(name) ?? 0;
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const state = () => `${what}; lost: ${this.lost.slice(0, 5).join(', ') || 'none'}`;
    await eventually(() => condition() || this.lost.length > 0, state, 60_000);
  }

  async close(): Promise<void> {
    this.#ends = true;
    await this.#running;
    this.#agent.destroy();
  }

  async #run(client: number): Promise<void> {
    let next = performance.now() + (client / clients) * interval;
    for (let number = 1; !this.#ends; number++) {
      const target = `/${client}/${number}`;
      if (number % postEvery === 0) await this.#post(target);
      else await this.#get(client, target);
      const now = performance.now();
      next = Math.max(next + interval, now);
      if (next - now >= 1) await pause(next - now);
    }
  }

  async #post(target: string): Promise<void> {
    // One that was on its way to a backend that died has failed, and must not be sent again.
    const answer = await this.#ask('POST', target).catch(() => '');
    if (answer.startsWith('200 ')) this.posted.push(target);
  }

  async #get(client: number, target: string): Promise<void> {
    const answer = await this.#ask('GET', target).catch(String);
    const [status, name = '', echo] = answer.split(' ');
    if (status === '200' && echo === target) {
      this.#gets[client]!++;
      this.answeredBy.set(name, this.answersOf(name) + 1);
    } else this.lost.push(`${target}: ${answer}`);
  }

  #ask(method: string, path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(new URL(path, this.#url), { method, agent: this.#agent });
      request.on('error', reject);
      request.on('response', (response: IncomingMessage) => {
        text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject);
      });
      request.end(method === 'POST' ? path : undefined);
    });
  }
}

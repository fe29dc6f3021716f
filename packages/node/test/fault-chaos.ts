/** What a random run is made of: a backend that fails as each request asks it to, and clients that leave. */
import {
  type OriginConnection,
  type RawClient,
  type RawRequest,
  type ScriptedOrigin,
  startScriptedOrigin,
  turn,
} from '@reverseit/test-servers';

/** Numbers from a seed, the same each time (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** 0 to `end`, without `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

/** How a backend answers well, and how it fails. */
export const good = ['length', 'chunked', 'close', 'drip', 'interim', 'leave', 'poison'] as const;
export const bad = [
  'reset',
  'fin',
  'half-head',
  'cut-length',
  'cut-chunked',
  'noise',
  'early',
] as const;
export type Plan = (typeof good)[number] | (typeof bad)[number];

/** Content that tells which request it belongs to at every byte. */
export function bodyOf(id: string, length: number): Buffer {
  return Buffer.from(`${id}|`.repeat(Math.ceil(length / (id.length + 1))).slice(0, length));
}

const lengthHead = (id: string, length: number): string =>
  `HTTP/1.1 200 OK\r\nx-id: ${id}\r\ncontent-length: ${length}\r\n\r\n`;
const chunkedHead = (id: string): string =>
  `HTTP/1.1 200 OK\r\nx-id: ${id}\r\ntransfer-encoding: chunked\r\n\r\n`;
const chunk = (bytes: Buffer): string =>
  bytes.length === 0 ? '' : `${bytes.length.toString(16)}\r\n${bytes.toString('latin1')}\r\n`;

/** Each request's target says what is to be done: `/plan/length/id`. */
export function startChaosOrigin(): Promise<ScriptedOrigin> {
  return startScriptedOrigin({ script: serve, maxRecords: 0, maxRecordedBytes: 0 });
}

async function serve(connection: OriginConnection): Promise<void> {
  while (await connection.reader.hasMore()) {
    const head = await connection.expectHead();
    const [, plan = '', size = '', id = ''] = head.target.split('/');
    if (plan === 'early') {
      await connection.send(lengthHead(id, 4) + bodyOf(id, 4).toString());
      connection.end();
      await connection.reader.drain();
      return;
    }
    const request = await connection.expectBody(head);
    checkRequest(request, id);
    if (!(await answer(connection, plan as Plan, id, Number(size)))) return;
  }
}

/** A request's field and content must be of the same request as its target. */
function checkRequest(request: RawRequest, id: string): void {
  const { body } = request;
  if (request.header('x-id') !== id || !body.equals(bodyOf(id, body.length))) {
    throw new Error(`request ${id} came with a part of another one`);
  }
}

/** False: the connection is over. */
async function answer(
  connection: OriginConnection,
  plan: Plan,
  id: string,
  length: number,
): Promise<boolean> {
  const body = bodyOf(id, length);
  const half = body.subarray(0, length >> 1);
  const chunks = [half, body.subarray(half.length)].map(chunk).join('');
  switch (plan) {
    case 'length':
      return connection.send(Buffer.concat([Buffer.from(lengthHead(id, length)), body]));
    case 'poison': {
      // A whole second response, which belongs to nobody.
      const poison = lengthHead('poison', 6) + bodyOf('poison', 6).toString();
      await connection.send(lengthHead(id, length) + body.toString() + poison);
      return true;
    }
    case 'leave':
      await connection.send(lengthHead(id, length) + body.toString());
      connection.end();
      return false;
    case 'chunked':
      return connection.send(`${chunkedHead(id)}${chunks}0\r\n\r\n`);
    case 'interim':
      await connection.send('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
      return connection.send(lengthHead(id, length) + body.toString());
    case 'drip':
      await connection.send(lengthHead(id, length));
      return connection.send(body, { pieceBytes: Math.max(1, length >> 3) });
    case 'close':
      await connection.send(`HTTP/1.1 200 OK\r\nx-id: ${id}\r\n\r\n${body.toString()}`);
      connection.end();
      return false;
    case 'fin':
      connection.end();
      return false;
    case 'half-head':
      await connection.send(lengthHead(id, length).slice(0, 20));
      break;
    case 'cut-length':
      await connection.send(lengthHead(id, length + 1) + body.toString());
      connection.end();
      return false;
    case 'cut-chunked':
      await connection.send(`${chunkedHead(id)}${chunk(Buffer.concat([half, Buffer.from('|')]))}`);
      break;
    case 'noise':
      await connection.send(`\x00\x01${body.toString()}`);
      break;
    case 'reset':
    case 'early':
      break;
  }
  connection.reset();
  return false;
}

/** When and how a client leaves its exchange; `null`: it stays. */
export type Exit = {
  readonly when: 'sending' | 'sent' | 'head' | 'body';
  readonly how: 'reset' | 'close' | 'end';
} | null;

export interface ExchangePlan {
  readonly id: string;
  readonly plan: Plan;
  readonly length: number;
  readonly upload: number;
  readonly isChunked: boolean;
  readonly exit: Exit;
}

/** The bytes of a request. */
export function requestBytes({ id, plan, length, upload, isChunked }: ExchangePlan): Buffer {
  const start = `${upload > 0 ? 'POST' : 'GET'} /${plan}/${length}/${id} HTTP/1.1\r\nhost: chaos.test\r\nx-id: ${id}\r\n`;
  if (upload === 0) return Buffer.from(`${start}\r\n`);
  const body = bodyOf(id, upload);
  if (!isChunked) {
    return Buffer.concat([Buffer.from(`${start}content-length: ${upload}\r\n\r\n`), body]);
  }
  return Buffer.from(`${start}transfer-encoding: chunked\r\n\r\n${chunk(body)}0\r\n\r\n`);
}

/** The client leaves, now or a little later. True when the exchange is over for it. */
export async function leave(
  client: RawClient,
  how: 'reset' | 'close' | 'end',
  dice: Dice,
): Promise<boolean> {
  for (let turns = dice.below(4); turns > 0; turns -= 1) await turn();
  if (how === 'end') {
    client.end();
    return false;
  }
  if (how === 'reset') client.reset();
  await client.close();
  return true;
}

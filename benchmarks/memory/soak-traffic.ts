/** The traffic of a soak run: each kind of exchange checks every byte that it gets. */
import { inspect } from 'node:util';
import {
  connectRaw,
  patternBytes,
  patternSha256,
  type RawClient,
  type RawResponse,
} from '@reverseit/test-servers';
import { connectFrames } from '@reverseit/test-servers/frame-client';
import { misbehaviourNames } from '@reverseit/test-servers/misbehaviours';

/** What was done and found. */
export interface Tally {
  readonly exchanges: Record<string, number>;
  /** Of plain requests, in ms. */
  readonly latencies: number[];
  /** What must never be. */
  readonly wrong: string[];
  /** Well-behaved exchanges that got another status than 200. */
  refused: number;
}

/** Numbers from a seed, the same each time (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const sizes = [0, 1, 1000, 16_384, 65_521, 300_000, 2_000_000, 8_000_000];
const digests = new Map(sizes.map((size) => [size, patternSha256(size)]));
const bodies = new Map(sizes.map((size) => [size, patternBytes(size)]));
const guardMs = 15_000;

/** One client after the other, until it is told to stop. */
export class Worker {
  readonly #port: number;
  readonly #host: string;
  readonly #tally: Tally;
  readonly #next: () => number;
  #client: RawClient | null = null;

  constructor(port: number, host: string, tally: Tally, seed: number) {
    this.#port = port;
    this.#host = host;
    this.#tally = tally;
    this.#next = dice(seed);
  }

  async run(over: () => boolean): Promise<void> {
    while (!over()) {
      const kind = this.#pick(kinds);
      this.#tally.exchanges[kind] = (this.#tally.exchanges[kind] ?? 0) + 1;
      try {
        await this.#exchange(kind);
      } catch (error) {
        this.#tally.wrong.push(`${kind}: ${inspect(error)}`);
        await this.#forget();
      }
    }
    await this.#forget();
  }

  #exchange(kind: Kind): Promise<void> {
    switch (kind) {
      case 'get':
        return this.#get();
      case 'download':
        return this.#download();
      case 'upload':
        return this.#upload();
      case 'websocket':
        return this.#webSocket();
      case 'client leaves':
        return this.#leave();
      case 'backend fails':
        return this.#failing();
    }
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#next() * from.length)] as T;
  }

  #request(methodAndTarget: string, ...fields: readonly string[]): string {
    return [`${methodAndTarget} HTTP/1.1`, `Host: ${this.#host}`, ...fields, '\r\n'].join('\r\n');
  }

  /** Small ones mostly. */
  #size(): number {
    return this.#pick(this.#next() < 0.9 ? sizes.slice(0, 6) : sizes);
  }

  async #connected(): Promise<RawClient> {
    this.#client ??= await connectRaw({ port: this.#port, guardMs, maxRecordedBytes: 0 });
    return this.#client;
  }

  async #forget(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.close();
  }

  /** Reads a response, and keeps the connection only where both sides do. */
  async #answer(client: RawClient): Promise<RawResponse | null> {
    const answer = await client.readResponse({ keepBody: false });
    if (answer.header('connection') === 'close' || this.#next() < 0.1) await this.#forget();
    if (answer.status === 200) return answer;
    this.#tally.refused += 1;
    if (answer.status !== 502 && answer.status !== 503) throw new Error(`${answer.status}`);
    return null;
  }

  async #get(): Promise<void> {
    const client = await this.#connected();
    const start = performance.now();
    client.send(this.#request('GET /bytes/1000'));
    const answer = await this.#answer(client);
    this.#tally.latencies.push(performance.now() - start);
    check(answer, 1000);
  }

  async #download(): Promise<void> {
    const size = this.#size();
    const client = await this.#connected();
    client.send(this.#request(`GET /${this.#pick(['bytes', 'chunked'])}/${size}`));
    // A client that does not read at once.
    if (this.#next() < 0.2) {
      client.pauseReading();
      await pause(20);
      client.resumeReading();
    }
    check(await this.#answer(client), size);
  }

  async #upload(): Promise<void> {
    const size = this.#size();
    const body = bodies.get(size) as Buffer;
    const client = await this.#connected();
    const isChunked = this.#next() < 0.5;
    const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`;
    client.send(this.#request('POST /upload', framing));
    for (let at = 0; at < size; at += 65_536) {
      const piece = body.subarray(at, at + 65_536);
      if (isChunked) client.send(`${piece.length.toString(16)}\r\n`);
      await client.write(piece);
      if (isChunked) client.send('\r\n');
    }
    if (isChunked) client.send('0\r\n\r\n');
    const answer = await client.readResponse();
    if (answer.header('connection') === 'close') await this.#forget();
    if (answer.status !== 200) this.#tally.refused += 1;
    else if ((answer.json() as { sha256: string }).sha256 !== digests.get(size)) {
      throw new Error(`another digest of ${size} bytes at the backend`);
    }
  }

  async #webSocket(): Promise<void> {
    const peer = await connectFrames({
      port: this.#port,
      hostField: this.#host,
      guardMs,
      maxRecordedBytes: 0,
    });
    try {
      for (let nth = this.#next() * 10; nth > 0; nth -= 1) {
        const sent = bodies.get(this.#pick(sizes.slice(0, 6))) as Buffer;
        await peer.binary(sent);
        const { payload } = await peer.readMessage();
        if (!payload.equals(sent)) throw new Error(`another echo of ${sent.length} bytes`);
      }
      if (this.#next() < 0.5) await peer.shut();
    } finally {
      await peer.close();
    }
  }

  /** Sends or reads a part, and goes. */
  async #leave(): Promise<void> {
    const client = await this.#connected();
    if (this.#next() < 0.5) {
      client.send(this.#request('GET /bytes/8000000'));
      if (this.#next() < 0.5) await client.reader.takeThrough('\r\n\r\n');
    } else {
      client.send(this.#request('POST /upload', 'Content-Length: 2000000'));
      await client.write(patternBytes(Math.floor(this.#next() * 1_500_000)));
    }
    if (this.#next() < 0.5) client.reset();
    await this.#forget();
  }

  /** Whatever a backend does: no byte of another response, and an end. */
  async #failing(): Promise<void> {
    const name = this.#pick(failures);
    const client = await connectRaw({ port: this.#port, guardMs, maxRecordedBytes: 0 });
    try {
      client.send(this.#request(`GET /bad/${name}`));
      await client.reader.takeThrough('\r\n');
      const rest = this.#next() < 0.5 ? await client.reader.some() : null;
      if (rest?.includes('poison')) throw new Error(`${name}: a response that nobody asked for`);
    } catch (error) {
      // It was cut off.
      if ((error as Error).name !== 'PeerGoneError') throw new Error(name, { cause: error });
    } finally {
      await client.close();
    }
  }
}

/** A response that comes on an idle connection may meet a request there: nobody could tell. */
const failures = misbehaviourNames.filter((name) => name !== 'poison-later');

const kinds = [
  'get',
  'get',
  'get',
  'get',
  'download',
  'download',
  'upload',
  'upload',
  'websocket',
  'client leaves',
  'backend fails',
] as const;
type Kind = (typeof kinds)[number];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function check(answer: RawResponse | null, size: number): void {
  if (
    answer !== null &&
    (answer.bodyLength !== size || (answer.sha256 !== digests.get(size) && digests.has(size)))
  ) {
    throw new Error(`${answer.bodyLength} bytes instead of ${size}, or other ones`);
  }
}

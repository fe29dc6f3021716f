/**
 * The body of a request as a server of Node reports it: chunk by chunk, of which one read may hold ten
 * thousand. What comes together is joined, and beyond its share of the turn a request is not read.
 */
import { allowReading, ChunkJoiner, COST, stopReading, TurnShare } from '@reverseit/core/internal';
import type { NodeRequest } from './messages/node-messages.ts';
import type { UpgradeBody } from './upgrade-body.ts';

/** What it costs Node to report a chunk, in ns. */
const costOfChunk = 1_000;

export class NodeRequestBody {
  readonly #request: NodeRequest | UpgradeBody;
  /** Other requests share its connection. */
  readonly #multiplexed: boolean;
  readonly #share = new TurnShare(this);
  readonly #joiner: ChunkJoiner;
  #flushing = false;
  #paused = true;

  /** `deliver` takes the body. */
  constructor(
    request: NodeRequest | UpgradeBody,
    multiplexed: boolean,
    deliver: (chunk: Buffer) => void,
  ) {
    this.#request = request;
    this.#multiplexed = multiplexed;
    this.#joiner = new ChunkJoiner(deliver);
  }

  /** Whether it is read no further for the others' sake. */
  get waitsForTurn(): boolean {
    return this.#share.waiting;
  }

  /** A `data` event. */
  onData(chunk: Buffer): void {
    this.#share.spend(costOfChunk + chunk.length * COST.BYTE);
    this.#joiner.add(chunk);
    if (!this.#flushing && !this.#joiner.isEmpty) {
      this.#flushing = true;
      // What came with the same read has been reported by then.
      process.nextTick(flush, this);
    }
    if (!this.#share.spent || this.#share.waiting) return;
    this.#request.pause();
    if (!this.#multiplexed) stopReading(this.#request.socket);
    this.#share.yield();
  }

  /** Delivers what has been reported. */
  flush(): void {
    this.#flushing = false;
    this.#joiner.flush();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#share.waiting) this.#request.resume();
  }

  pause(): void {
    this.#paused = true;
    this.#request.pause();
  }

  /** Others have had their turn. */
  onTurn(): void {
    const request = this.#request;
    if (!this.#multiplexed) allowReading(request.socket);
    if (this.#paused) return;
    // What has been reported meanwhile comes in one chunk.
    if (request.readableLength > 0) request.read();
    if (!this.#paused && !this.#share.waiting) request.resume();
  }

  /** Nothing more is wanted of it. */
  stop(): void {
    this.#joiner.clear();
    if (!this.#share.waiting) return;
    this.#share.cancel();
    if (!this.#multiplexed) allowReading(this.#request.socket);
  }
}

function flush(body: NodeRequestBody): void {
  body.flush();
}

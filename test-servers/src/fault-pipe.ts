/** One direction of a connection through the fault proxy. */
import type { Socket } from 'node:net';
import { hiddenReset } from './hidden-reset.ts';

/** What goes wrong in one direction. Byte counts are from the connection's beginning. */
export interface Faults {
  /** Delay of every byte, in milliseconds. */
  readonly latencyMs?: number;
  /** Bytes a second. */
  readonly bytesPerSecond?: number;
  /**
   * Chance, from 0 to 1, that a piece is lost on its way and comes late, by `retransmitMs`, and what
   * is after it too: TCP loses no byte, it loses time.
   */
  readonly lossRate?: number;
  /** What a lost piece costs, in milliseconds. Default: 200. */
  readonly retransmitMs?: number;
  /** Random numbers from 0 to 1, for `lossRate`. Default: a fixed sequence. */
  readonly random?: () => number;
  /** Lets nothing through after so many bytes, until released. */
  readonly stallAt?: number;
  /** Takes and forgets everything after so many bytes. */
  readonly blackholeAt?: number;
  /** Ends the direction with a FIN after so many bytes. */
  readonly finAt?: number;
  /** Resets both sides after so many bytes. */
  readonly resetAt?: number;
}

/** Bytes on their way, after which the sender is not read any more. */
const maxHeldBytes = 256 * 1024;
/** Small bandwidths need small pieces. */
const pieceBytes = 4096;

interface Piece {
  readonly bytes: Buffer;
  readonly dueAt: number;
}

export class FaultPipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #reset: () => void;
  readonly #queue: Piece[] = [];
  #faults: Faults;
  #bytes = 0;
  #held = 0;
  #stalled = false;
  #forgets = false;
  #sourceEnded = false;
  #sinkEnded = false;
  #sinkFull = false;
  #lastDueAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #seed = 1;

  constructor(source: Socket, sink: Socket, faults: Faults, reset: () => void) {
    this.#source = source;
    this.#sink = sink;
    this.#faults = faults;
    this.#reset = reset;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => {
      const failure = hiddenReset(source);
      if (failure !== null) {
        source.destroy(failure);
        return;
      }
      this.#sourceEnded = true;
      this.#run();
    });
    sink.on('drain', () => {
      this.#sinkFull = false;
      this.#run();
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing keeps this direction's end from being seen. */
  get passes(): boolean {
    return !this.#stalled && !this.#forgets;
  }

  set(faults: Faults): void {
    this.#faults = faults;
    this.#run();
  }

  stall(): void {
    this.#stalled = true;
  }

  release(): void {
    this.#stalled = false;
    const { stallAt: _, ...rest } = this.#faults;
    this.#faults = rest;
    this.#run();
  }

  blackhole(): void {
    this.#forgets = true;
    this.#run();
  }

  fin(): void {
    if (this.#sinkEnded) return;
    this.#sinkEnded = true;
    this.#sink.end();
    this.#forgets = true;
    this.#run();
  }

  /** One of the two sockets is closed: what is on its way goes nowhere. */
  onSocketClosed(): void {
    if (this.#sink.destroyed) this.#clear();
    else if (this.#source.destroyed && !this.#sourceEnded) {
      // Destroyed without FIN: the other side shall not wait for ever.
      this.#clear();
      if (this.passes) this.#sink.destroy();
    }
  }

  #take(chunk: Buffer): void {
    if (this.#forgets) return;
    const { latencyMs = 0, bytesPerSecond, lossRate = 0, retransmitMs = 200 } = this.#faults;
    const now = performance.now();
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const bytes = chunk.subarray(at, at + pieceBytes);
      const lost = lossRate > 0 && this.#random() < lossRate ? retransmitMs : 0;
      const sending = bytesPerSecond === undefined ? 0 : (bytes.length / bytesPerSecond) * 1000;
      this.#lastDueAt = Math.max(now + latencyMs, this.#lastDueAt) + sending + lost;
      this.#queue.push({ bytes, dueAt: this.#lastDueAt });
      this.#held += bytes.length;
    }
    if (this.#held >= maxHeldBytes) this.#source.pause();
    this.#run();
  }

  /** Delivers what is due and sets the timer for what is not. */
  #run(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sink.destroyed) return;
    if (this.#forgets) this.#clear();
    while (this.passes && !this.#sinkFull) {
      const [piece] = this.#queue;
      if (piece === undefined) break;
      const wait = piece.dueAt - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#run(), Math.ceil(wait));
        return;
      }
      this.#queue.shift();
      this.#held -= piece.bytes.length;
      this.#deliver(piece.bytes);
    }
    if (this.#held < maxHeldBytes && this.#source.isPaused()) this.#source.resume();
    if (this.#sourceEnded && this.#queue.length === 0 && this.passes && !this.#sinkEnded) {
      this.#sinkEnded = true;
      this.#sink.end();
    }
  }

  /** Writes bytes up to the next fault, and brings that about. */
  #deliver(bytes: Buffer): void {
    const next = this.#nextFault();
    const room = next === undefined ? bytes.length : Math.max(0, next.at - this.#bytes);
    const passed = bytes.subarray(0, room);
    this.#bytes += passed.length;
    if (passed.length > 0 && !this.#sink.write(passed)) this.#sinkFull = true;
    if (next === undefined || this.#bytes < next.at) return;
    const rest = bytes.subarray(room);
    switch (next.kind) {
      case 'resetAt':
        this.#clear();
        this.#reset();
        return;
      case 'finAt':
        this.fin();
        return;
      case 'blackholeAt':
        this.blackhole();
        return;
      case 'stallAt':
        this.stall();
        if (rest.length > 0) {
          this.#queue.unshift({ bytes: rest, dueAt: 0 });
          this.#held += rest.length;
        }
    }
  }

  #nextFault(): { kind: (typeof kinds)[number]; at: number } | undefined {
    let first: { kind: (typeof kinds)[number]; at: number } | undefined;
    for (const kind of kinds) {
      const at = this.#faults[kind];
      if (at !== undefined && at >= this.#bytes && (first === undefined || at < first.at)) {
        first = { kind, at };
      }
    }
    return first;
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue.length = 0;
    this.#held = 0;
    if (this.#source.isPaused() && !this.#source.destroyed) this.#source.resume();
  }

  #random(): number {
    if (this.#faults.random !== undefined) return this.#faults.random();
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
    return this.#seed / 2 ** 32;
  }
}

const kinds = ['resetAt', 'finAt', 'blackholeAt', 'stallAt'] as const;

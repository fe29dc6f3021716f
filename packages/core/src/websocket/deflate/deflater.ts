/**
 * Deflates the messages of one direction (RFC 7692 §7.2.1). A short message is deflated on the spot, a long
 * one slice by slice in the thread pool; the window goes from message to message through `DeflateWindow`, so
 * that no native memory is held between them.
 */
import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import { ByteGatherer } from './byte-gatherer.ts';
import {
  atOnceBytes,
  type CodecSink,
  DeflatePump,
  type PumpTarget,
  pieceBytes,
} from './deflate-pump.ts';
import { DeflateWindow } from './deflate-window.ts';

export interface DeflaterOptions {
  /**
   * Agreed window, 8–15. Priming zlib with a full window of 15 costs some 50 µs a message, with 12 some 10.
   */
  readonly windowBits: number;
  /** False where our window is forgotten after each message. */
  readonly contextTakeover: boolean;
  /** zlib's, 0–9. */
  readonly level: number;
  /** zlib's, 1–9. */
  readonly memLevel: number;
}

/** What every flush ends with, and what is cut off. */
const cutBytes = 4;

/** An empty message: an empty stored block without what is cut (RFC 7692 §7.2.3.6). */
const emptyMessage = new Uint8Array([0x00]);

const empty = new Uint8Array(0);

export class Deflater implements PumpTarget {
  /** Why the codec failed, or null. */
  error: ReverseItError | null = null;

  readonly #options: DeflaterOptions;
  readonly #sink: CodecSink;
  readonly #window: DeflateWindow;
  #pump: DeflatePump | null = null;
  #busy = false;
  #closed = false;

  /** What of the current message is not fed yet. */
  readonly #gathered = new ByteGatherer();
  /** The newest chunk, held back since its end may be what is cut. */
  #held: Uint8Array | null = null;

  constructor(options: DeflaterOptions, sink: CodecSink) {
    this.#options = options;
    this.#sink = sink;
    this.#window = new DeflateWindow(options.contextTakeover ? options.windowBits : 0);
  }

  /** Whether a slice or an end is in progress, so that none may be handed in. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Takes a slice of the current message; it is copied. True: the next may come. False: wait for
   * `onCodecReady`. Throws `RIT_ERR_INTERNAL` when called while busy.
   */
  write(slice: Uint8Array): boolean {
    if (!this.#ready()) return false;
    if (slice.length === 0) return true;
    this.#gathered.add(slice);
    if (this.#pump === null && this.#gathered.length <= atOnceBytes) return true;
    const fed = this.#gathered.take();
    this.#busy = true;
    this.#pump ??= new DeflatePump(createDeflateRaw(this.#zlibOptions(pieceBytes)), this);
    this.#window.append(fed);
    this.#pump.feed(fed);
    return false;
  }

  /**
   * The current message is complete. Answers as `write`; its last chunk comes before the next message may.
   */
  end(): boolean {
    if (!this.#ready()) return false;
    if (this.#pump !== null) {
      this.#busy = true;
      this.#pump.finish(empty);
      return false;
    }
    if (this.#gathered.length === 0) {
      this.#sink.onCodecOutput(emptyMessage, true);
      return true;
    }
    const payload = this.#gathered.take();
    let output: Uint8Array;
    try {
      output = deflateRawSync(payload, this.#zlibOptions(payload.length + 64));
    } catch (cause) {
      this.#fail(cause);
      return false;
    }
    this.#window.append(payload);
    this.#sink.onCodecOutput(output.subarray(0, output.length - cutBytes), true);
    return true;
  }

  /** Goes on after a chunk was answered with false. */
  resume(): void {
    this.#pump?.resume();
  }

  /** Gives up whatever is in progress and releases native memory. No call follows. */
  destroy(): void {
    this.#closed = true;
    this.#pump?.destroy();
    this.#pump = null;
    this.#gathered.clear();
    this.#held = null;
    this.#window.clear();
  }

  /** @internal */
  onPumpChunk(chunk: Uint8Array): boolean {
    const held = this.#held;
    if (held === null || chunk.length < cutBytes) {
      this.#held = held === null ? chunk : Buffer.concat([held, chunk]);
      return true;
    }
    this.#held = chunk;
    return this.#sink.onCodecOutput(held, false);
  }

  /** @internal */
  onPumpFed(): void {
    this.#busy = false;
    this.#sink.onCodecReady();
  }

  /** @internal */
  onPumpFinished(): void {
    const held = this.#held ?? empty;
    this.#held = null;
    this.#pump?.destroy();
    this.#pump = null;
    this.#sink.onCodecOutput(held.subarray(0, held.length - cutBytes), true);
    this.#busy = false;
    if (!this.#closed) this.#sink.onCodecReady();
  }

  /** @internal */
  onPumpError(cause: Error): void {
    this.#fail(cause);
  }

  #zlibOptions(chunkSize: number): {
    level: number;
    memLevel: number;
    windowBits: number;
    chunkSize: number;
    finishFlush: number;
    dictionary?: Uint8Array;
  } {
    const { level, memLevel } = this.#options;
    const options = {
      level,
      memLevel,
      // zlib makes no raw stream with 8; with 9 it reaches back no further than 8 allows (Node's manual,
      // zlib).
      windowBits: Math.max(9, this.#options.windowBits),
      chunkSize: Math.max(64, chunkSize),
      // Not finished but flushed to a byte: the next message follows in the same stream (RFC 7692 §7.2.1).
      finishFlush: constants.Z_SYNC_FLUSH,
    };
    const dictionary = this.#window.bytes;
    return dictionary.length === 0 ? options : { ...options, dictionary };
  }

  #ready(): boolean {
    if (this.#closed || this.error !== null) return false;
    if (this.#busy) throw createError('RIT_ERR_INTERNAL', 'deflater used while it is busy');
    return true;
  }

  #fail(cause: unknown): void {
    this.error = createError('RIT_ERR_INTERNAL', 'deflate failed', { cause });
    this.destroy();
    this.#sink.onCodecError(this.error);
  }
}

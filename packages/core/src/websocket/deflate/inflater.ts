/**
 * Inflates the compressed messages of one direction (RFC 7692 §7.2.2). A short message is inflated on the
 * spot; one that is long, or whose output is, goes through the thread pool slice by slice. Either way the
 * output is bounded while it is made, and native memory is held only while a message is inflated.
 *
 * Stricter than most: a message that ends in the middle of a block is rejected, not shortened.
 */
import { createInflateRaw } from 'node:zlib';
import type { ErrorCode } from '../../errors/catalog.ts';
import { overLimit } from '../../errors/passed-limit.ts';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import { type Inflated, inflateShort } from '../../node-internals/inflate-engine.ts';
import { ByteGatherer } from './byte-gatherer.ts';
import {
  atOnceBytes,
  type CodecSink,
  DeflatePump,
  type PumpTarget,
  pieceBytes,
} from './deflate-pump.ts';
import { DeflateWindow } from './deflate-window.ts';

export interface InflaterOptions {
  /** Agreed window of the sender, 8–15. */
  readonly windowBits: number;
  /** False where the sender forgets its window after each message. */
  readonly contextTakeover: boolean;
  /** Inflated bytes of one message; `Infinity` for none. */
  readonly maxMessageBytes: number;
}

/** Output of a short message that is made on the spot; one with more is begun again in the thread pool. */
const atOnceOutput = 128 * 1024;

/** What deflate can make of one byte at most (RFC 1951: 258 bytes by two bits). */
const maxRatio = 1032;

/**
 * Final blocks within one message. Each makes zlib start again; one is what some senders write, and a
 * message full of them is an attack.
 */
const maxFinalBlocks = 16;

/**
 * What the sender cut off (RFC 7692 §7.2.1), and a final empty block, with which zlib tells that it is at the
 * end of one.
 */
const cutEnd = new Uint8Array([0x00, 0x00, 0xff, 0xff, 0x03, 0x00]);

/**
 * For a sender that did not cut, since it had nothing to flush (`ws` ends a fragmented message so). The
 * last byte tells: before a cut it holds the three zero bits of a stored block's header, so it is not FF.
 */
const uncutEnd = new Uint8Array([0x03, 0x00]);

const empty = new Uint8Array(0);

export class Inflater implements PumpTarget {
  /** Why the codec failed, or null. */
  error: ReverseItError | null = null;

  readonly #options: InflaterOptions;
  readonly #sink: CodecSink;
  readonly #window: DeflateWindow;
  #pump: DeflatePump | null = null;
  #busy = false;
  #closed = false;

  /** What of the current message is not fed yet. */
  readonly #gathered = new ByteGatherer();
  #lastByte = 0;
  /** The slice in progress, for what a final block leaves of it. */
  #slice: Uint8Array = empty;
  #finishing = false;
  #finalBlocks = 0;
  #producedBytes = 0;
  /** The newest chunk, held back until it is known whether it is the last. */
  #held: Uint8Array | null = null;

  constructor(options: InflaterOptions, sink: CodecSink) {
    this.#options = options;
    this.#sink = sink;
    this.#window = new DeflateWindow(options.windowBits);
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
    this.#lastByte = slice[slice.length - 1] as number;
    this.#gathered.add(slice);
    if (this.#pump === null && this.#gathered.length <= atOnceBytes) return true;
    this.#feed(this.#gathered.take());
    return false;
  }

  /**
   * A fragment of the current message is complete. What was gathered is inflated now where it might be more
   * than the message may have, rather than when its last fragment comes, if it ever does. Answers as `write`.
   */
  endFragment(): boolean {
    if (!this.#ready()) return false;
    const mayBeTooLarge = this.#gathered.length * maxRatio > this.#options.maxMessageBytes;
    if (this.#gathered.length === 0 || !mayBeTooLarge) return true;
    this.#feed(this.#gathered.take());
    return false;
  }

  /**
   * The current message is complete. Answers as `write`; its last chunk comes before the next message may.
   */
  end(): boolean {
    if (!this.#ready()) return false;
    if (this.#pump !== null) {
      this.#finish();
      return false;
    }
    const payload = this.#gathered.take();
    // RFC 7692 §7.2.3.6 says 00; `ws` sends nothing at all when its window is warm.
    if (payload.length === 0) {
      this.#deliverLast(empty);
      return true;
    }
    return this.#inflateAtOnce(payload);
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

  /** True when the message is done, false when it goes on in the thread pool or has failed. */
  #inflateAtOnce(payload: Uint8Array): boolean {
    const { windowBits, maxMessageBytes, contextTakeover } = this.#options;
    const ending = this.#ending();
    const limit = Math.min(atOnceOutput, maxMessageBytes);
    let result: Inflated | symbol;
    try {
      result = inflateShort(windowBits, this.#window.bytes, payload, ending, limit);
    } catch (cause) {
      return this.#fail('RIT_ERR_WS_DEFLATE', cause);
    }
    if (typeof result === 'symbol') {
      return limit === maxMessageBytes ? this.#failTooLarge() : this.#inflatePooled(payload);
    }
    const { output, unused } = result;
    if (unused > ending.length) return this.#inflatePooled(payload);
    if (!isWhole(unused, ending)) return this.#fail('RIT_ERR_WS_DEFLATE', undefined);
    if (contextTakeover) this.#window.append(output);
    this.#deliverLast(output);
    return true;
  }

  /** A message that turned out too large, or too odd, for the spot. Nothing of it has been delivered. */
  #inflatePooled(payload: Uint8Array): false {
    this.#finishing = true;
    this.#feed(payload);
    return false;
  }

  #feed(slice: Uint8Array): void {
    this.#busy = true;
    this.#slice = slice;
    this.#pump ??= new DeflatePump(createInflateRaw(this.#zlibOptions(pieceBytes)), this);
    this.#pump.feed(slice);
  }

  #finish(): void {
    this.#busy = true;
    this.#finishing = true;
    this.#pump?.finish(this.#ending());
  }

  /** @internal */
  onPumpChunk(chunk: Uint8Array): boolean {
    this.#producedBytes += chunk.length;
    if (this.#producedBytes > this.#options.maxMessageBytes) return this.#failTooLarge();
    this.#window.append(chunk);
    const held = this.#held;
    this.#held = chunk;
    return held === null || this.#sink.onCodecOutput(held, false);
  }

  /** @internal */
  onPumpFed(unused: number): void {
    if (unused > 0) {
      // A final block came before the end: what follows it is a stream of its own with the same window.
      this.#pump?.destroy();
      this.#pump = null;
      if (++this.#finalBlocks > maxFinalBlocks) {
        this.#fail('RIT_ERR_WS_DEFLATE', undefined);
        return;
      }
      this.#feed(this.#slice.subarray(this.#slice.length - unused));
      return;
    }
    this.#slice = empty;
    if (this.#finishing) {
      this.#finish();
      return;
    }
    this.#busy = false;
    this.#sink.onCodecReady();
  }

  /** @internal */
  onPumpFinished(unused: number): void {
    if (!isWhole(unused, this.#ending())) {
      this.#fail('RIT_ERR_WS_DEFLATE', undefined);
      return;
    }
    this.#pump?.destroy();
    this.#pump = null;
    this.#deliverLast(this.#held ?? empty);
    this.#busy = false;
    if (!this.#closed) this.#sink.onCodecReady();
  }

  /** @internal */
  onPumpError(cause: Error): void {
    this.#fail('RIT_ERR_WS_DEFLATE', cause);
  }

  #deliverLast(chunk: Uint8Array): void {
    this.#finishing = false;
    this.#finalBlocks = 0;
    this.#producedBytes = 0;
    this.#held = null;
    this.#lastByte = 0;
    if (!this.#options.contextTakeover) this.#window.clear();
    this.#sink.onCodecOutput(chunk, true);
  }

  #ending(): Uint8Array {
    return this.#lastByte === 0xff ? uncutEnd : cutEnd;
  }

  #zlibOptions(chunkSize: number): {
    windowBits: number;
    chunkSize: number;
    dictionary?: Uint8Array;
  } {
    const { windowBits } = this.#options;
    const dictionary = this.#window.bytes;
    return dictionary.length === 0
      ? { windowBits, chunkSize }
      : { windowBits, chunkSize, dictionary };
  }

  #ready(): boolean {
    if (this.#closed || this.error !== null) return false;
    if (this.#busy) throw createError('RIT_ERR_INTERNAL', 'inflater used while it is busy');
    return true;
  }

  #failTooLarge(): false {
    return this.#end(overLimit('RIT_ERR_WS_MESSAGE_TOO_LARGE', this.#options.maxMessageBytes));
  }

  #fail(code: ErrorCode, cause: unknown): false {
    return this.#end(createError(code, undefined, { cause }));
  }

  #end(error: ReverseItError): false {
    this.error = error;
    this.destroy();
    this.#sink.onCodecError(this.error);
    return false;
  }
}

/**
 * Whether the message ended where a block did: all of the ending was used, or a final block ended the
 * stream with nothing of it used, or with that of the empty block that was cut.
 */
function isWhole(unused: number, ending: Uint8Array): boolean {
  return unused === 0 || unused === uncutEnd.length || unused === ending.length;
}

/**
 * A zlib stream used one step at a time: a slice is fed, its chunks come out, and only then the next may
 * come. So at most one write waits in the thread pool per direction, order is kept without a queue, and
 * a receiver that cannot take chunks stops the work.
 */
import type { DeflateRaw, InflateRaw } from 'node:zlib';
import type { ReverseItError } from '../../errors/reverseit-error.ts';

/** Bytes of one output chunk. */
export const pieceBytes = 32 * 1024;

/** A message up to this long is coded on the spot: a trip to the thread pool costs more than the work. */
export const atOnceBytes = 16 * 1024;

/** What is told of the messages that a codec codes. No call comes after `destroy` or `onCodecError`. */
export interface CodecSink {
  /**
   * A chunk of the current message, to be kept at will. `last` ends the message; the chunk may then be
   * empty. False: no more chunks until `resume`.
   */
  onCodecOutput(chunk: Uint8Array, last: boolean): boolean;
  /** The slice or end that was answered with false is dealt with, and the next may come. */
  onCodecReady(): void;
  /** The codec has failed for good; may come from within `write` or `end`, which then answer false. */
  onCodecError(error: ReverseItError): void;
}

export interface PumpTarget {
  /** A chunk. False: no more until `resume`. */
  onPumpChunk(chunk: Uint8Array): boolean;
  /**
   * All chunks of the slice have come. `unused`: bytes at its end that zlib did not take, its stream being
   * over.
   */
  onPumpFed(unused: number): void;
  /** All chunks of the last slice have come. `unused` as above. */
  onPumpFinished(unused: number): void;
  onPumpError(cause: Error): void;
}

export class DeflatePump {
  readonly #stream: DeflateRaw | InflateRaw;
  readonly #target: PumpTarget;
  #fedBytes = 0;
  #written = false;
  #finishing = false;
  #dead = false;

  constructor(stream: DeflateRaw | InflateRaw, target: PumpTarget) {
    this.#stream = stream;
    this.#target = target;
    stream.on('data', (chunk: Uint8Array) => this.#onData(chunk));
    stream.on('end', () => this.#onEnd());
    stream.on('error', (cause: Error) => this.#onError(cause));
  }

  /** Feeds a slice, which must stay as it is until `onPumpFed`. */
  feed(slice: Uint8Array): void {
    this.#fedBytes += slice.length;
    this.#written = false;
    this.#stream.write(slice, () => {
      this.#written = true;
      this.#settle();
    });
  }

  /** Feeds the last slice. */
  finish(slice: Uint8Array): void {
    this.#fedBytes += slice.length;
    this.#finishing = true;
    this.#stream.end(slice);
  }

  /** Goes on after a chunk was answered with false. */
  resume(): void {
    if (!this.#dead && this.#stream.isPaused()) this.#stream.resume();
  }

  /** Releases the native handle. No call follows. */
  destroy(): void {
    this.#dead = true;
    this.#stream.destroy();
  }

  #onData(chunk: Uint8Array): void {
    if (this.#dead) return;
    if (!this.#target.onPumpChunk(chunk)) this.#stream.pause();
    this.#settle();
  }

  /** Once the slice is taken and nothing of it waits to be read, the next may come. */
  #settle(): void {
    if (this.#dead || this.#finishing || !this.#written) return;
    if (this.#stream.readableLength > 0) return;
    this.#written = false;
    this.#target.onPumpFed(this.#unused());
  }

  #onEnd(): void {
    // zlib also ends where a final block comes before the last slice; `unused` tells that.
    if (!this.#dead && this.#finishing) this.#target.onPumpFinished(this.#unused());
  }

  #onError(cause: Error): void {
    if (!this.#dead) this.#target.onPumpError(cause);
  }

  #unused(): number {
    return this.#fedBytes - this.#stream.bytesWritten;
  }
}

/**
 * A long body that is complete, as a source: it goes out piece by piece, so that it is seen how much of
 * it the backend has taken.
 */
import type { BodySink, BodySource } from './upstream-request.ts';

/** Longer bodies go out in pieces of this size, in bytes. */
export const pieceSize = 262_144;

export class BodyPieces implements BodySource {
  readonly contentLength: number;
  readonly #body: Buffer;
  #at = 0;
  #sink: BodySink | null = null;

  constructor(body: Buffer) {
    this.contentLength = body.length;
    this.#body = body;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    const sink = this.#sink;
    while (sink !== null && this.#at < this.#body.length) {
      const piece = this.#body.subarray(this.#at, this.#at + pieceSize);
      this.#at += piece.length;
      if (!sink.write(piece) && this.#at < this.#body.length) return;
    }
    sink?.end();
  }

  cancel(): void {
    this.#sink = null;
  }
}

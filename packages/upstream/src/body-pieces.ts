/**
 * A long body that is complete, as a source: it goes out piece by piece, so that it is seen how much of
 * it the backend has taken.
 */
import type { BodySink, BodySource, CollectedBody, UpstreamRequest } from './upstream-request.ts';

type Body = UpstreamRequest['body'];

/** A longer Buffer goes out in pieces of this size, in bytes. */
export const pieceSize = 262_144;

/** Whether all of a body is there, so that it can be sent again. */
export function isComplete(body: Body): body is Buffer | CollectedBody | null {
  return body === null || Buffer.isBuffer(body) || 'pieces' in body;
}

/** `mayRepeat`: the request may have to be sent again, so that nothing of its body can be given back. */
export function bodySource(body: NonNullable<Body>, mayRepeat: boolean): BodySource {
  if (Buffer.isBuffer(body)) return new BodyPieces(cut(body), body.length, null);
  if (!isComplete(body)) return body;
  return new BodyPieces(body.pieces, body.contentLength, mayRepeat ? null : body);
}

function cut(body: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += pieceSize)
    pieces.push(body.subarray(at, at + pieceSize));
  return pieces;
}

class BodyPieces implements BodySource {
  readonly contentLength: number;
  readonly #pieces: readonly Buffer[];
  /** Who has pieces back that have left. */
  readonly #owner: CollectedBody | null;
  #next = 0;
  /** Of the pieces that were written, so many are known to have left. */
  #left = 0;
  #sink: BodySink | null = null;

  constructor(pieces: readonly Buffer[], contentLength: number, owner: CollectedBody | null) {
    this.#pieces = pieces;
    this.contentLength = contentLength;
    this.#owner = owner;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    const sink = this.#sink;
    if (sink === null) return;
    while (this.#next < this.#pieces.length) {
      const more = sink.write(this.#pieces[this.#next++] as Buffer);
      // A socket that has passed all on will say only later that it takes more.
      if (!more && !sink.settled) break;
      this.#giveBack(sink);
    }
    if (this.#next === this.#pieces.length) sink.end();
  }

  #giveBack(sink: BodySink): void {
    if (this.#owner === null || !sink.settled) return;
    while (this.#left < this.#next) this.#owner.giveBack(this.#pieces[this.#left++] as Buffer);
  }

  cancel(): void {
    this.#sink = null;
  }
}

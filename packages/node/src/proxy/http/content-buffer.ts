/**
 * Content that waits in memory. A piece costs about a hundred bytes beside its content, and keeps all of
 * the read that it is a slice of: of content that comes byte by byte a megabyte would take a hundred.
 * So beyond the first few, small pieces are joined.
 */

import { PieceJoiner } from '@reverseit/core/internal';

/** Pieces that are kept as they are, whatever their size: most bodies come in one or two. */
const fewPieces = 8;

export class ContentBuffer {
  #pieces: Buffer[] = [];
  #joiner: PieceJoiner | null = null;

  push(piece: Buffer): void {
    if (this.#pieces.length < fewPieces) this.#pieces.push(piece);
    else {
      this.#joiner ??= new PieceJoiner((joined) => this.#pieces.push(joined));
      this.#joiner.add(piece);
    }
  }

  /** Takes everything out, in order. */
  take(): readonly Buffer[] {
    this.#joiner?.flush();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** Takes everything out, in one. */
  takeWhole(): Buffer {
    const pieces = this.take();
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }
}

/**
 * Content that waits in memory. A piece costs about a hundred bytes beside its content, and keeps all of
 * the read that it is a slice of: of content that comes byte by byte a megabyte would take a hundred.
 * So beyond the first few, small pieces are copied together.
 */

/** Pieces that are kept as they are, whatever their size: most bodies come in one or two. */
const fewPieces = 8;
/** From here on a piece is worth a buffer of its own, in bytes. */
const largePiece = 1024;
const gatherBytes = 16_384;

export class ContentBuffer {
  #pieces: Buffer[] = [];
  #gathered: Buffer | null = null;
  #used = 0;

  push(piece: Buffer): void {
    if (piece.length >= largePiece || this.#pieces.length < fewPieces) {
      this.#seal();
      this.#pieces.push(piece);
      return;
    }
    if (this.#used + piece.length > gatherBytes) this.#seal();
    this.#gathered ??= Buffer.allocUnsafe(gatherBytes);
    this.#gathered.set(piece, this.#used);
    this.#used += piece.length;
  }

  /** Takes everything out, in order. */
  take(): readonly Buffer[] {
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#gathered = null;
    return pieces;
  }

  /** Takes everything out, in one. */
  takeWhole(): Buffer {
    const pieces = this.take();
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  /** What has been gathered becomes a piece of its own; not with the room that it leaves unused. */
  #seal(): void {
    if (this.#gathered === null || this.#used === 0) return;
    const bytes = this.#gathered.subarray(0, this.#used);
    if (this.#used > gatherBytes / 2) {
      this.#pieces.push(bytes);
      this.#gathered = null;
    } else this.#pieces.push(Buffer.from(bytes));
    this.#used = 0;
  }
}

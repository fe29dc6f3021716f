/** Writes to a socket in pieces that leave one by one, and waits for each to be taken. */
import type { Socket } from 'node:net';
import { guarded, turn } from './guard.ts';

export interface WritePieces {
  /** Bytes to a piece; each piece is flushed before the next one is written. Default: all at once. */
  readonly pieceBytes?: number;
  /** How long one piece may wait for the peer, in milliseconds. Default: 20 000. */
  readonly guardMs?: number;
}

/** Text as latin1, one byte a character, so that a case can spell every byte. */
export function toBytes(data: string | Uint8Array): Buffer {
  return typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data);
}

/**
 * Writes everything. False when the connection broke on the way, which is an outcome and no error:
 * a peer that refuses may close before it has read all.
 */
export async function writeAll(
  socket: Socket,
  data: string | Uint8Array,
  options: WritePieces = {},
): Promise<boolean> {
  const bytes = toBytes(data);
  const step = Math.max(1, options.pieceBytes ?? bytes.length);
  for (let at = 0; at < bytes.length; at += step) {
    const piece = bytes.subarray(at, at + step);
    if (!(await writePiece(socket, piece, options.guardMs))) return false;
    // Lets the peer's side of the same process read this piece alone.
    if (step < bytes.length) await turn();
  }
  return true;
}

function writePiece(socket: Socket, piece: Buffer, guardMs: number | undefined): Promise<boolean> {
  if (!socket.writable) return Promise.resolve(false);
  const written = new Promise<boolean>((resolve) => {
    const onClose = (): void => resolve(false);
    socket.once('close', onClose);
    socket.write(piece, (error) => {
      socket.off('close', onClose);
      resolve(error === null || error === undefined);
    });
  });
  return guarded(written, `${piece.length} bytes to be taken by the peer`, guardMs);
}

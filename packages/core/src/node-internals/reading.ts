/**
 * Stops a socket from reading, and lets it go on. A stream that is paused reads on until it is full, which
 * over TLS means 64 KiB of plain text, be it in records of one byte; only its handle can be told to stop
 * at once. Where a version of Node does it another way, the stream is paused and no more.
 */
import type { Duplex } from 'node:stream';
import { usesNodeInternals } from './switch.ts';

/** As `pause` and `resume` of `node:net` use it where a socket reads into a buffer of its user's. */
interface Handle {
  reading?: boolean;
  readStop?(): number;
  readStart?(): number;
}

/** Its handle, where there is one that knows these calls; Node tells by `reading` whether it is reading. */
function handleOf(socket: Duplex): Required<Handle> | null {
  const handle = (socket as unknown as { readonly _handle?: Handle | null })._handle;
  if (!usesNodeInternals || typeof handle?.reading !== 'boolean') return null;
  const { readStop, readStart } = handle;
  const known = typeof readStop === 'function' && typeof readStart === 'function';
  return known ? (handle as Required<Handle>) : null;
}

export function pauseReading(socket: Duplex): void {
  socket.pause();
  stopReading(socket);
}

/** Stops the handle, whether or not the stream is paused; for a socket that another stream stands for. */
export function stopReading(socket: Duplex): void {
  const handle = handleOf(socket);
  if (handle?.reading !== true) return;
  handle.reading = false;
  handle.readStop();
}

/**
 * Undoes what `stopReading` did to the handle: the stream may still be paused, and read on until it is full.
 */
export function allowReading(socket: Duplex): void {
  const handle = handleOf(socket);
  if (handle?.reading !== false) return;
  handle.reading = true;
  handle.readStart();
}

/** Whoever reads by events, and may have stopped again over one of them. */
export interface StoppableReader {
  readonly stopped: boolean;
}

/**
 * Lets a paused socket go on. What its stream has gathered meanwhile, perhaps in thousands of TLS records,
 * comes first, and in one piece.
 */
export function continueReading(socket: Duplex, reader: StoppableReader): void {
  if (socket.readableLength > 0) socket.read();
  if (!reader.stopped) resumeReading(socket);
}

export function resumeReading(socket: Duplex): void {
  allowReading(socket);
  socket.resume();
}

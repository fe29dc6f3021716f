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

const handleOf = (socket: Duplex): Handle | null | undefined =>
  usesNodeInternals ? (socket as unknown as { readonly _handle?: Handle | null })._handle : null;

export function pauseReading(socket: Duplex): void {
  if (!socket.isPaused()) socket.pause();
  stopReading(socket);
}

/** Stops the handle, whether or not the stream is paused; for a socket that another stream stands for. */
export function stopReading(socket: Duplex): void {
  const handle = handleOf(socket);
  if (handle?.reading !== true || handle.readStop === undefined) return;
  handle.reading = false;
  handle.readStop();
}

/** Undoes what `stopReading` did to the handle: the stream may still be paused, and read on until it is full. */
export function allowReading(socket: Duplex): void {
  const handle = handleOf(socket);
  if (handle?.reading !== false || handle.readStart === undefined) return;
  handle.reading = true;
  handle.readStart();
}

export function resumeReading(socket: Duplex): void {
  allowReading(socket);
  socket.resume();
}

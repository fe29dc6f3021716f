/**
 * Lets a session of node:http2 read no more, and go on. It takes a socket's handle and reads by itself, as
 * often as 32 times in a turn of the event loop, and knows no pause but that of each stream's window: some
 * 200,000 DATA frames of one byte. The handle can still be told; where it cannot, nothing is changed.
 */
import type { Socket } from 'node:net';

interface Handle {
  readStop?(): void;
  readStart?(): void;
}

const handleOf = (socket: Socket | null): Handle | null | undefined =>
  (socket as unknown as { readonly _handle?: Handle | null } | null)?._handle;

export function stopReading(socket: Socket | null): void {
  handleOf(socket)?.readStop?.();
}

export function startReading(socket: Socket | null): void {
  handleOf(socket)?.readStart?.();
}

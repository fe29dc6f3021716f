/** Clients in numbers, and clients that are slow on purpose. */
import type { Socket } from 'node:net';
import { connectRaw, type RawClient, type RawClientOptions } from './raw-client.ts';
import { toBytes } from './socket-writer.ts';

export interface OpenManyOptions extends RawClientOptions {
  /** Connections opened at the same time. Default: 100. */
  readonly batch?: number;
}

/** So many connections, in batches; when one fails, all are closed again. */
export async function openMany(count: number, options: OpenManyOptions): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  try {
    while (clients.length < count) {
      const batch = Math.min(options.batch ?? 100, count - clients.length);
      const opening = Array.from({ length: batch }, () => connectRaw(options));
      const results = await Promise.allSettled(opening);
      for (const result of results) if (result.status === 'fulfilled') clients.push(result.value);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
    return clients;
  } catch (error) {
    await closeMany(clients);
    throw error;
  }
}

/** Closes them all and waits. */
export async function closeMany(clients: readonly RawClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}

/** Runs `work` on each item, so many at a time. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next; index < items.length; index = next) {
      next += 1;
      results[index] = await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/** Waits so long, or until the socket closes: true while it is open. */
function wait(socket: Socket, ms: number): Promise<boolean> {
  if (socket.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      socket.off('close', done);
      resolve(!socket.destroyed);
    };
    const timer = setTimeout(done, ms);
    socket.once('close', done);
  });
}

/** Sends bytes one by one, so often; how many were taken before the connection broke or all were sent. */
export async function dripBytes(
  client: RawClient,
  bytes: string | Uint8Array,
  everyMs: number,
): Promise<number> {
  const all = toBytes(bytes);
  for (let sent = 0; sent < all.length; sent += 1) {
    if (!(await client.write(all.subarray(sent, sent + 1)))) return sent;
    if (!(await wait(client.socket, everyMs))) return sent + 1;
  }
  return all.length;
}

/**
 * Reads so many bytes each time, so often, until `total` are read or the peer has left; how many. Give
 * the client a small `maxUnreadBytes`: what it has received ahead of its reading is read at once.
 */
export async function readSlowly(
  client: RawClient,
  total: number,
  eachBytes: number,
  everyMs: number,
): Promise<number> {
  let read = 0;
  while (read < total) {
    const piece = await client.reader.some(Math.min(eachBytes, total - read));
    if (piece === null) return read;
    read += piece.length;
    await wait(client.socket, everyMs);
  }
  return read;
}

export interface FillOptions {
  /** No byte taken for so long means that it is stuck, in milliseconds. Default: 300. */
  readonly quietMs?: number;
  /** Gives up after so many bytes. Default: 256 MiB. */
  readonly maxBytes?: number;
}

/**
 * Writes until the peer takes no more and answers how many bytes have left this process: what the
 * peer and the kernel together hold of a stream that nobody reads.
 */
export async function fillUntilStuck(socket: Socket, options: FillOptions = {}): Promise<number> {
  const { quietMs = 300, maxBytes = 256 * 1024 * 1024 } = options;
  const piece = Buffer.alloc(65_536);
  const before = socket.bytesWritten;
  const left = (): number => socket.bytesWritten - socket.writableLength - before;
  while (!socket.destroyed && left() < maxBytes) {
    while (!socket.writableNeedDrain && left() < maxBytes) socket.write(piece);
    const seen = left();
    await wait(socket, quietMs);
    if (left() === seen) break;
  }
  return left();
}

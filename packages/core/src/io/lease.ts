/**
 * Who owns the bytes that sockets read, and how they are handed on without a copy.
 *
 * 1. Bytes that a reader is told of are *borrowed*: valid during the call.
 * 2. Whoever needs some of them for longer has them *lent* (`ReadBuffer.lend`). What he gets is his: the
 *    slice of the read itself where that is worth it, and a copy otherwise. He may hand it on, and the
 *    ownership with it: an exchange gives it to its handler, the handler to a writer.
 * 3. The last owner *releases* it (`releaseBytes`), once, and when nobody reads it any more: a writer's
 *    `isFlushed` tells when a socket has let go of it. Or he does nothing, and leaves it to the garbage
 *    collector; that is always safe.
 *
 * Releasing is worth the while: a read takes 64 KiB, and V8 counts them beside its heap. Left to the garbage
 * collector, every few dozen megabytes that pass through cost a search of the whole heap, which is more
 * than all else that a proxy does with them. Memory that was lent serves the next read; other is freed.
 *
 * `REVERSEIT_DEBUG_LEASES=on` reports what is released twice, and overwrites what is released, so that
 * whoever reads it afterwards is found out. The tests run with it.
 */
import { leaseChecks } from './lease-checks.ts';

/** Size of a read, in bytes. */
export const bytesPerRead = 65_536;

/** Below it, in bytes, the collector may have it. */
const worthReleasing = 16_384;

/** Memory of ours, which sockets read into. */
interface ReadMemory {
  /** Its one slice that is on loan, while no socket reads into it. */
  lent: Uint8Array | null;
  /** A slice that was released during its read: whoever reads will see. */
  released: Uint8Array | null;
}

const ours = new WeakMap<ArrayBufferLike, ReadMemory>();

/** Memory that nobody uses; at most 2 MiB. */
const spare: ArrayBuffer[] = [];
const maxSpare = 32;

/** Memory for a socket to read into. */
export function acquireMemory(): Buffer {
  const memory = spare.pop() ?? Buffer.allocUnsafeSlow(bytesPerRead).buffer;
  ours.set(memory, { lent: null, released: null });
  return Buffer.from(memory);
}

/** No socket reads into the memory of a slice any more, until the slice is released. */
export function lendMemory(slice: Buffer): void {
  const memory = ours.get(slice.buffer);
  if (memory !== undefined) memory.lent = slice;
}

/** Whether a slice of memory that is being read into has been released already. */
export function isReleased(slice: Buffer): boolean {
  return ours.get(slice.buffer)?.released === slice;
}

/** No socket reads into it any more, and nothing of it is lent. */
export function recycleMemory({ buffer }: Buffer): void {
  if (ours.delete(buffer)) recycle(buffer as ArrayBuffer);
}

/** Whoever still has a view of it, which nobody should, finds it empty and not full of others' bytes. */
function recycle(memory: ArrayBuffer): void {
  if (spare.length < maxSpare) spare.push(memory.transfer());
  else memory.transfer(0);
}

/**
 * Ends the ownership of bytes that nobody uses any more: neither by a view of them, nor as a socket that
 * has not taken them yet. `bytes` is the very view that was handed on. Does nothing where they are only a
 * part of their memory, or few.
 */
export function releaseBytes(bytes: Uint8Array): void {
  leaseChecks?.onRelease(bytes);
  const { byteLength, buffer } = bytes;
  if (byteLength < worthReleasing) return;
  const memory = ours.get(buffer);
  if (memory === undefined) {
    if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
  } else if (memory.lent === null) memory.released = bytes;
  else if (memory.lent === bytes) {
    ours.delete(buffer);
    recycle(buffer as ArrayBuffer);
  }
}

/**
 * Gives the memory of long reads back at once. A read takes 64 KiB, and V8 counts them beside its heap:
 * left to the garbage collector, every few dozen megabytes that pass through cost a search of the whole
 * heap, which is more than all else that a proxy does with them. Memory that reads of our own went into
 * serves the next; that of others is freed.
 */

/** Size of a read, in bytes. */
export const bytesPerRead = 65_536;

/** Below it, in bytes, the collector may have it. */
const worthFreeing = 16_384;

/** Memory of ours, by which a socket reads. */
interface ReadMemory {
  /** The one piece of it is out, and no socket reads into it. */
  lent: boolean;
  /** A piece that was freed while it was still read into: who reads will see. */
  freed: Uint8Array | null;
}

const ours = new WeakMap<ArrayBufferLike, ReadMemory>();

/** Memory that nobody holds on to; at most 2 MiB. */
const spare: ArrayBuffer[] = [];
const mostSpare = 32;

/** Memory for reads. It is never freed under the socket that reads into it. */
export function takeReadMemory(): Buffer {
  const memory = spare.pop() ?? Buffer.allocUnsafeSlow(bytesPerRead).buffer;
  ours.set(memory, { lent: false, freed: null });
  return Buffer.from(memory);
}

/** No socket reads into it any more. Of a piece of it that somebody has `freeMemory` may tell; of others, nobody. */
export function lendReadMemory({ buffer }: Buffer): void {
  const memory = ours.get(buffer);
  if (memory !== undefined) memory.lent = true;
}

/** Whether `freeMemory` has been told of a piece of memory that is read into. */
export function isFreed(piece: Buffer): boolean {
  return ours.get(piece.buffer)?.freed === piece;
}

/** Nobody has a piece of it, and no socket reads into it. */
export function returnReadMemory(memory: Buffer): void {
  if (ours.delete(memory.buffer)) keep(memory.buffer as ArrayBuffer);
}

/** Whoever still has a view of it, which nobody should, finds it empty and not full of other people's bytes. */
function keep(memory: ArrayBuffer): void {
  if (spare.length < mostSpare) spare.push(memory.transfer());
  else memory.transfer(0);
}

/**
 * Frees the memory of bytes that nobody holds on to any more: neither a view of them, nor a socket that
 * has not taken them yet. Does nothing where they are only a part of their memory, or few.
 */
export function freeMemory(bytes: Uint8Array): void {
  const { byteLength } = bytes;
  if (byteLength < worthFreeing) return;
  const { buffer } = bytes;
  const memory = ours.get(buffer);
  if (memory?.lent === true) {
    ours.delete(buffer);
    keep(buffer as ArrayBuffer);
  } else if (memory !== undefined) memory.freed = bytes;
  else if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/**
 * Gives the memory of long reads back at once. Node allocates 64 KiB for a read, and V8 counts them beside
 * its heap: left to the garbage collector, every few dozen megabytes that pass through cost a search of
 * the whole heap, which is more than all else that a proxy does with them.
 */

/** Below it, in bytes, the collector may have it. */
const worthFreeing = 16_384;

/**
 * Frees the memory of bytes that nobody holds on to any more: neither a view of them, nor a socket that
 * has not taken them yet. Does nothing where they are only a part of their memory, or few.
 */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength < worthFreeing || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** The checksum of a header (proxy-protocol §2.2.3, RFC 4960 Appendix B). */

/** Castagnoli's polynomial, its bits in reverse order. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ ((value & 1) * polynomial);
  return value >>> 0;
});

/** CRC32C of all bytes, as if those in `[zeroFrom, zeroTo)` were zero. */
export function crc32c(bytes: Uint8Array, zeroFrom = 0, zeroTo = 0): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    const byte = i >= zeroFrom && i < zeroTo ? 0 : (bytes[i] as number);
    crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] as number);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

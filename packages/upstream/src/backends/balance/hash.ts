/**
 * Hashes that are the same in every process, on every machine and in every version: replicas choose alike by
 * them. Fast and well spread, and nothing that keeps a secret.
 */

/** FNV-1a over UTF-16 units with a final avalanche: 32 bits, unsigned. */
export function hash32(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return mix32(hash);
}

/** Spreads a number over 32 bits (the finaliser of MurmurHash3): neighbours end up far apart. */
export function mix32(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

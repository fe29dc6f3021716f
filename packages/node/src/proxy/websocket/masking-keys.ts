/**
 * Masking keys for frames that the proxy itself sends to a backend: from a strong source, in batches (RFC
 * 6455 §10.3).
 */
import { randomFillSync } from 'node:crypto';

const keys = new Int32Array(1024);
let used = keys.length;

/** A fresh key. */
export function nextMaskingKey(): number {
  if (used === keys.length) {
    randomFillSync(keys);
    used = 0;
  }
  return keys[used++] as number;
}

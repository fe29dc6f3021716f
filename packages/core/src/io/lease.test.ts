import { expect, test, vi } from 'vitest';
import { releaseBytes } from './lease.ts';

// They would report the second release.
vi.mock('./lease-checks.ts', () => ({ leaseChecks: null }));

test.each<[string, () => Uint8Array, boolean]>([
  ['a read of 64 KiB', () => Buffer.allocUnsafeSlow(65_536), true],
  ['one that is worth it', () => Buffer.allocUnsafeSlow(16_384), true],
  ['one that is not', () => Buffer.allocUnsafeSlow(16_383), false],
  ['a part from the beginning', () => Buffer.allocUnsafeSlow(65_536).subarray(0, 65_535), false],
  ['a part to the end', () => Buffer.allocUnsafeSlow(65_536).subarray(1), false],
  ['no bytes', () => Buffer.alloc(0), false],
  ['memory of other threads', () => new Uint8Array(new SharedArrayBuffer(65_536)), false],
])('%s', (_, make, freed) => {
  const bytes = make();
  const { length } = bytes;
  releaseBytes(bytes);
  expect(bytes.length).toBe(freed ? 0 : length);
  // A second time does no harm.
  releaseBytes(bytes);
});

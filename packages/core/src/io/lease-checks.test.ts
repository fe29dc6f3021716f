import { expect, test } from 'vitest';
import { LeaseChecks, leaseChecks } from './lease-checks.ts';

function setUp() {
  const errors: string[] = [];
  return { errors, checks: new LeaseChecks(({ message }) => errors.push(message)) };
}

test('the tests run with them', () => {
  expect(leaseChecks).not.toBe(null);
});

test('what is released is overwritten: whoever still reads it is found out', () => {
  const { errors, checks } = setUp();
  const bytes = Buffer.from('an ordinary text');
  checks.onRelease(bytes.subarray(3, 11));
  expect(bytes.toString('latin1')).toBe(`an ${'\xdb'.repeat(8)} text`);
  expect(errors).toEqual([]);
});

test('what is released twice is reported', () => {
  const { errors, checks } = setUp();
  const bytes = Buffer.from(new ArrayBuffer(100));
  checks.onRelease(bytes);
  checks.onRelease(Buffer.alloc(100));
  expect(errors).toEqual([]);
  // Their memory may be used again by then.
  bytes.buffer.transfer(0);
  checks.onRelease(bytes);
  expect(errors).toEqual(['bytes were released twice']);
});

test('of no bytes nobody is the owner', () => {
  const { errors, checks } = setUp();
  const none = Buffer.alloc(0);
  checks.onRelease(none);
  checks.onRelease(none);
  expect(errors).toEqual([]);
});

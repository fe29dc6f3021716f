import { describe, expect, it } from 'vitest';
import { nearMiss } from './near-miss.ts';

const known = ['poolTimeout', 'poolSize', 'path', 'host', 'via', 'tls'];

describe('nearMiss', () => {
  it.each([
    ['poolTimeot', 'poolTimeout'],
    ['poolTiemout', 'poolTimeout'],
    ['pooltimeout', 'poolTimeout'],
    ['pool_timeout', 'poolTimeout'],
    ['pool-size', 'poolSize'],
    ['POOLSIZE', 'poolSize'],
    ['paht', 'path'],
    ['hosts', 'host'],
    ['vai', 'via'],
  ])('%s was meant as %s', (name, meant) => expect(nearMiss(name, known)).toBe(meant));

  it.each(['', 'backend', 'x', 'timeout', '__proto__', 'poolTimeout'.repeat(9)])(
    '%s is near to nothing',
    (name) => expect(nearMiss(name, known)).toBeNull(),
  );

  it('knows nothing when nothing is known', () => expect(nearMiss('path', [])).toBeNull());
});

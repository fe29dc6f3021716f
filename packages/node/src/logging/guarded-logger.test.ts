import { describe, expect, it } from 'vitest';
import { GuardedLogger } from './guarded-logger.ts';
import type { Logger } from './logger.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** A logger whose methods all do the same. */
const loggerOf = (write: (...args: unknown[]) => unknown): Logger =>
  Object.fromEntries(levels.map((level) => [level, write])) as unknown as Logger;

describe.each(levels)('%s', (level) => {
  it('hands on what it is given', () => {
    const written: unknown[][] = [];
    new GuardedLogger(loggerOf((...args) => written.push(args)))[level]({ a: 1 }, 'text');
    expect(written).toEqual([[{ a: 1 }, 'text']]);
  });

  it('keeps this', () => {
    class Counting {
      count = 0;
      debug(): void {
        this.count++;
      }
      info = this.debug;
      warn = this.debug;
      error = this.debug;
    }
    const counting = new Counting();
    new GuardedLogger(counting)[level]({}, '');
    expect(counting.count).toBe(1);
  });

  // What is not caught fails the test: `scripts/vitest-setup.ts`.
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
    ['rejects with nothing', () => Promise.reject()],
    [
      'hands back a thenable that fails',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: what libraries hand out in place of promises
        then: (_: unknown, reject: (reason: unknown) => void) => reject(new Error('disk full')),
      }),
    ],
    [
      'hands back a thenable that throws',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: as above
        get then(): never {
          throw new Error('disk full');
        },
      }),
    ],
  ])('a logger that %s harms nobody', async (_, write) => {
    new GuardedLogger(loggerOf(write))[level]({}, 'text');
    await new Promise((done) => setImmediate(done));
  });
});

import { afterEach, expect, test, vi } from 'vitest';
import { loopLoad, wholeShare } from './loop-load.ts';
import { isReading } from './read-end.ts';
import { TurnShare } from './turn-share.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

let log: string[] = [];
afterEach(() => {
  loopLoad.reset();
  log = [];
});

/** Works for `rounds` whole shares, one for each turn. */
class Worker {
  readonly share = new TurnShare(this);
  readonly #name: string;
  #rounds: number;

  constructor(name: string, rounds = 1) {
    this.#name = name;
    this.#rounds = rounds;
  }

  onTurn(): void {
    expect(this.share.waiting).toBe(false);
    expect(isReading()).toBe(true);
    log.push(this.#name);
    if (--this.#rounds === 0) return;
    this.share.spend(wholeShare);
    if (this.share.spent) this.share.yield();
  }
}

test('a share is spent by the cost of work, one by one or at once', () => {
  const { share } = new Worker('a');
  share.spend(wholeShare - 1);
  expect(share.spent).toBe(false);
  share.spend(1);
  expect(share.spent).toBe(true);
});

test('a share begins anew once another has worked in between', () => {
  const a = new Worker('a').share;
  const b = new Worker('b').share;
  a.spend(wholeShare);
  b.spend(1);
  expect([a.spent, b.spent]).toEqual([false, false]);
  a.spend(1);
  expect(a.spent).toBe(false);
});

test('who yields goes on in a later turn, once', async () => {
  const a = new Worker('a');
  a.share.yield();
  a.share.yield();
  expect([a.share.waiting, log]).toEqual([true, []]);
  await nextTurn();
  expect([a.share.waiting, log]).toEqual([false, ['a']]);
  await nextTurn();
  expect(log).toEqual(['a']);
});

test('its turn begins with a whole share', async () => {
  const a = new Worker('a', 2);
  a.share.spend(wholeShare);
  a.share.yield();
  await nextTurn();
  await nextTurn();
  expect(log).toEqual(['a', 'a']);
});

test('those who wait take turns in order, four in each, and who yields again stands at the end', async () => {
  const names = Array.from({ length: 10 }, (_, i) => String(i));
  for (const name of names) new Worker(name, 2).share.yield();
  for (let turn = 0; turn < 5; turn++) {
    await nextTurn();
    expect(log).toEqual([...names, ...names].slice(0, 4 * (turn + 1)));
  }
  await nextTurn();
  expect(log.length).toBe(20);
});

test('who does not want its turn any more does not get it', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Worker(name).share) as [
    TurnShare,
    TurnShare,
    TurnShare,
  ];
  for (const share of [a, b, c]) share.yield();
  b.cancel();
  b.cancel();
  await nextTurn();
  expect(log).toEqual(['a', 'c']);
  b.yield();
  await nextTurn();
  expect(log).toEqual(['a', 'c', 'b']);
});

test('what was spent far beyond a share is paid for by a rest', async () => {
  const { share } = new Worker('a');
  const began = performance.now();
  share.spend(wholeShare + 10_000_000);
  share.yield();
  await vi.waitFor(() => expect(share.waiting).toBe(false), { timeout: 10_000, interval: 1 });
  expect(performance.now() - began).toBeGreaterThanOrEqual(19);
});

test('rests follow each other, so that many who have rested do not come back together', async () => {
  const shares = ['a', 'b', 'c'].map((name) => new Worker(name).share);
  const began = performance.now();
  for (const share of shares) {
    share.spend(wholeShare + 10_000_000);
    share.yield();
  }
  await vi.waitFor(() => expect(log).toHaveLength(3), { timeout: 10_000, interval: 1 });
  expect(log).toEqual(['a', 'b', 'c']);
  expect(performance.now() - began).toBeGreaterThanOrEqual(57);
});

test('who rests can do without its turn, too', async () => {
  const [a, b] = [new Worker('a').share, new Worker('b').share];
  a.spend(wholeShare + 10_000_000);
  a.yield();
  a.cancel();
  a.yield();
  a.cancel();
  b.spend(wholeShare + 11_000_000);
  b.yield();
  await vi.waitFor(() => expect(b.waiting).toBe(false), { timeout: 10_000, interval: 1 });
  expect(log).toEqual(['b']);
});

test('the I/O of others comes between two turns', async () => {
  const a = new Worker('a', 3);
  a.share.yield();
  // Immediates that are set within one wait for the next turn, after its timers and I/O.
  setImmediate(() => log.push('another'));
  await nextTurn();
  expect(log).toEqual(['a', 'another']);
  await nextTurn();
  expect(log).toEqual(['a', 'another', 'a']);
  await nextTurn();
});

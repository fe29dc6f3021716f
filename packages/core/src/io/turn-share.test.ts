import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loopLoad } from './loop-load.ts';
import { isReading } from './read-end.ts';
import { TurnShare, wholeShare } from './turn-share.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

let log: string[] = [];
/** The time by a clock that stands still unless told. */
let now = 1000;
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  vi.restoreAllMocks();
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
  vi.restoreAllMocks();
  const { share } = new Worker('a');
  const began = performance.now();
  share.spend(wholeShare + 10_000_000);
  share.yield();
  await vi.waitFor(() => expect(share.waiting).toBe(false), { timeout: 10_000, interval: 1 });
  expect(performance.now() - began).toBeGreaterThanOrEqual(19);
});

test('rests follow each other, so that many who have rested do not come back together', async () => {
  vi.restoreAllMocks();
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
  vi.restoreAllMocks();
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

describe('while the loop is busy', () => {
  /** What who has used much may do before it has to wait, in ns. */
  const heavyShare = 120_000;

  beforeEach(() => {
    loopLoad.busy = true;
    const { share } = new Worker('somebody who has had to wait');
    share.yield();
    share.cancel();
  });

  /** Works for so long by the clock and by the estimate, in ms. */
  function work(share: TurnShare, ms: number): void {
    share.spend(1);
    share.spend(ms * 1_000_000);
    now += ms;
  }

  test('who has used much does less and stands in line, who has used little passes by', async () => {
    const [waiting, heavy, light] = ['waiting', 'heavy', 'light'].map((name) => new Worker(name));
    if (waiting === undefined || heavy === undefined || light === undefined) return;
    work(heavy.share, 0.15);
    work(light.share, 0.1);
    work(heavy.share, 0.15);
    work(light.share, 0.1);
    waiting.share.yield();
    heavy.share.spend(heavyShare);
    expect(heavy.share.spent).toBe(true);
    heavy.share.yield();
    light.share.spend(heavyShare);
    expect(light.share.spent).toBe(false);
    await nextTurn();
    expect(log).toEqual(['waiting', 'heavy']);
    heavy.share.spend(1);
    expect(heavy.share.spent).toBe(false);
  });

  test('in a turn that is long already, so does who has used less', async () => {
    const names = ['waiting', 'one', 'other', 'new'];
    const [waiting, one, other, fresh] = names.map((name) => new Worker(name, 2).share);
    if (!waiting || !one || !other || !fresh) return;
    waiting.spend(500_000);
    waiting.yield();
    await nextTurn();
    work(one, 0.1);
    work(other, 0.1);
    one.spend(heavyShare);
    expect(one.spent).toBe(false);
    now += 4;
    other.spend(heavyShare);
    expect(other.spent).toBe(true);
    fresh.spend(heavyShare);
    expect(fresh.spent).toBe(false);
    waiting.cancel();
  });

  test('who has had its turn reads on with what is left of it, once', async () => {
    const [waiting, other] = ['waiting', 'other'].map((name) => new Worker(name, 9).share);
    const share: TurnShare = new TurnShare({ onTurn: () => work(share, 0.1) });
    if (!waiting || !other) return;
    share.yield();
    waiting.yield();
    work(share, 1);
    await nextTurn();
    other.spend(1);
    share.spend(99_000);
    expect(share.spent).toBe(false);
    share.spend(1000);
    expect(share.spent).toBe(true);
    other.spend(1);
    share.spend(heavyShare - 1);
    expect(share.spent).toBe(false);
    share.spend(1);
    expect(share.spent).toBe(true);
    waiting.cancel();
  });

  test('what was used long ago does not count', () => {
    const [waiting, one, other] = ['waiting', 'one', 'other'].map((name) => new Worker(name).share);
    if (waiting === undefined || one === undefined || other === undefined) return;
    work(one, 1);
    other.spend(1);
    now += 100;
    waiting.yield();
    one.spend(heavyShare);
    expect(one.spent).toBe(false);
    waiting.cancel();
  });

  test('what others do, who do not count it, is not put on somebody’s account', () => {
    const [waiting, one, other] = ['waiting', 'one', 'other'].map((name) => new Worker(name).share);
    if (waiting === undefined || one === undefined || other === undefined) return;
    one.spend(10_000);
    now += 30;
    other.spend(10_000);
    waiting.yield();
    one.spend(heavyShare);
    expect(one.spent).toBe(false);
    waiting.cancel();
  });

  test('who works longer than estimated has a smaller share', async () => {
    const shares: number[] = [];
    const share: TurnShare = new TurnShare({
      onTurn: () => {
        let given = 0;
        while (!share.spent) {
          share.spend(1000);
          given++;
          now += 0.004;
        }
        shares.push(given);
        if (shares.length < 40) share.yield();
      },
    });
    share.yield();
    while (shares.length < 40) await nextTurn();
    expect(shares[0]).toBe(200);
    expect(shares.at(-1)).toBeGreaterThanOrEqual(50);
    expect(shares.at(-1)).toBeLessThan(55);
  });

  test('work of others within a turn does not end it', async () => {
    const other = new Worker('other').share;
    const left: boolean[] = [];
    const share: TurnShare = new TurnShare({
      onTurn: () => {
        share.spend(100_000);
        other.spend(1);
        share.spend(1);
        left.push(share.spent);
        share.spend(100_000);
        left.push(share.spent);
      },
    });
    share.yield();
    await nextTurn();
    expect(left).toEqual([false, true]);
  });

  test('no other turn begins after two milliseconds', async () => {
    const slow = (name: string): TurnShare =>
      new TurnShare({
        onTurn: () => {
          log.push(name);
          now += 1.5;
        },
      });
    for (const name of ['a', 'b', 'c']) slow(name).yield();
    await nextTurn();
    expect(log).toEqual(['a', 'b']);
    await nextTurn();
    expect(log).toEqual(['a', 'b', 'c']);
  });
});

import { turn } from '@reverseit/test-servers';
import { describe, expect, test, vi } from 'vitest';
import { AcceptDrain } from './accept-drain.ts';

/** Turns of the event loop until it is quiet, at most so many. */
async function turnsUntil(onQuiet: { readonly mock: { calls: unknown[] } }): Promise<number> {
  for (let turns = 0; turns < 10_000; turns++) {
    if (onQuiet.mock.calls.length > 0) return turns;
    await turn();
  }
  return Number.POSITIVE_INFINITY;
}

describe('AcceptDrain', () => {
  test('waits for one whole turn, and never calls from within', async () => {
    const onQuiet = vi.fn();
    new AcceptDrain({ quietMs: 0 }, onQuiet);
    expect(onQuiet).not.toHaveBeenCalled();
    await turn();
    expect(onQuiet).not.toHaveBeenCalled();
    expect(await turnsUntil(onQuiet)).toBeLessThanOrEqual(2);
    await turn();
    expect(onQuiet).toHaveBeenCalledOnce();
  });

  test('each connection is a reason for more', async () => {
    const onQuiet = vi.fn();
    const drain = new AcceptDrain({ quietMs: 0 }, onQuiet);
    for (let nth = 0; nth < 20; nth++) {
      drain.onAccept();
      await turn();
    }
    expect(onQuiet).not.toHaveBeenCalled();
    expect(await turnsUntil(onQuiet)).toBeLessThanOrEqual(3);
  });

  test('nobody may have come for quietMs', async () => {
    const onQuiet = vi.fn();
    const since = performance.now();
    new AcceptDrain({ quietMs: 40 }, onQuiet);
    await vi.waitFor(() => expect(onQuiet).toHaveBeenCalledOnce());
    expect(performance.now() - since).toBeGreaterThanOrEqual(40);
  });

  test('what is known to be on its way is waited for', async () => {
    const onQuiet = vi.fn();
    let isPending = true;
    new AcceptDrain({ quietMs: 0, isPending: () => isPending }, onQuiet);
    for (let nth = 0; nth < 20; nth++) await turn();
    expect(onQuiet).not.toHaveBeenCalled();
    isPending = false;
    expect(await turnsUntil(onQuiet)).toBeLessThanOrEqual(3);
  });

  test('connections that do not cease are waited for no longer than a second', async () => {
    const onQuiet = vi.fn();
    const since = performance.now();
    const drain = new AcceptDrain({ quietMs: 0 }, onQuiet);
    while (onQuiet.mock.calls.length === 0) {
      drain.onAccept();
      await turn();
    }
    expect(performance.now() - since).toBeGreaterThanOrEqual(1000);
  });

  test('finish: at once, and once', async () => {
    const onQuiet = vi.fn();
    const drain = new AcceptDrain({ quietMs: 60_000 }, onQuiet);
    await turn();
    drain.finish();
    expect(onQuiet).toHaveBeenCalledOnce();
    drain.finish();
    for (let nth = 0; nth < 5; nth++) await turn();
    expect(onQuiet).toHaveBeenCalledOnce();
  });
});

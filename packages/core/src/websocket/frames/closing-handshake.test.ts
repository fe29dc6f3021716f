import { describe, expect, it } from 'vitest';
import { type ClosingEvent, ClosingHandshake, type ClosingState } from './closing-handshake.ts';

const status = { code: 1000, reason: 'done' };

function apply(closing: ClosingHandshake, event: ClosingEvent): void {
  if (event === 'send') closing.send(status);
  else if (event === 'receive') closing.receive(status);
  else closing.lose();
}

describe('the closing handshake (RFC 6455 §7.1)', () => {
  const ways: [ClosingEvent[], ClosingState, boolean, boolean, boolean][] = [
    [[], 'open', false, true, true],
    [['send'], 'close-sent', false, false, true],
    [['receive'], 'close-received', false, true, false],
    [['send', 'receive'], 'closed', true, false, false],
    [['receive', 'send'], 'closed', true, false, false],
    [['lose'], 'closed', false, false, false],
    [['send', 'lose'], 'closed', false, false, false],
    [['receive', 'lose'], 'closed', false, false, false],
    [['send', 'receive', 'lose'], 'closed', true, false, false],
    [['lose', 'lose'], 'closed', false, false, false],
  ];
  it.each(ways)('%j ends %s, clean %s', (events, state, clean, maySend, mayReceive) => {
    const closing = new ClosingHandshake();
    for (const event of events) apply(closing, event);
    expect(closing.state).toBe(state);
    expect(closing.clean).toBe(clean);
    expect(closing.maySend).toBe(maySend);
    expect(closing.mayReceive).toBe(mayReceive);
    expect(closing.sent).toBe(events.includes('send') ? status : null);
    if (events.includes('receive')) expect(closing.received).toBe(status);
    else expect(closing.received?.code).toBe(events.includes('lose') ? 1006 : undefined);
  });

  const misuses: ClosingEvent[][] = [
    ['send', 'send'],
    ['receive', 'receive'],
    ['send', 'receive', 'send'],
    ['send', 'receive', 'receive'],
    ['lose', 'send'],
    ['lose', 'receive'],
  ];
  it.each(misuses)('%s is misuse at its end', (...events) => {
    const closing = new ClosingHandshake();
    const last = events.pop() as ClosingEvent;
    for (const event of events) apply(closing, event);
    const before = closing.state;
    expect(() => apply(closing, last)).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_INTERNAL' }),
    );
    expect(closing.state).toBe(before);
  });
});

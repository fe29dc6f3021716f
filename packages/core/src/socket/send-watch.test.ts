import { FakeClock } from '@reverseit/test-servers/fake-clock';
import { expect, test } from 'vitest';
import { DeadlineQueue } from '../time/deadlines.ts';
import { SendWatch } from './send-watch.ts';

function setUp() {
  const clock = new FakeClock();
  const sender = { bytesTaken: 0, timeouts: 0, onSendTimeout: () => void sender.timeouts++ };
  return { clock, sender, watch: new SendWatch(sender, new DeadlineQueue(clock, 100)) };
}

test('tells of a peer that takes nothing, once', () => {
  const { clock, sender, watch } = setUp();
  watch.start();
  clock.advance(99);
  expect(sender.timeouts).toBe(0);
  clock.advance(1000);
  expect(sender.timeouts).toBe(1);
});

test('goes on as long as a byte is taken each time', () => {
  const { clock, sender, watch } = setUp();
  watch.start();
  for (let i = 0; i < 10; i++) {
    sender.bytesTaken++;
    clock.advance(100);
  }
  expect(sender.timeouts).toBe(0);
  clock.advance(100);
  expect(sender.timeouts).toBe(1);
});

test('is not put off by being started again', () => {
  const { clock, sender, watch } = setUp();
  watch.start();
  clock.advance(99);
  watch.start();
  clock.advance(1);
  expect(sender.timeouts).toBe(1);
});

test('is silent once it is stopped, and may be started again', () => {
  const { clock, sender, watch } = setUp();
  watch.start();
  watch.stop();
  clock.advance(1000);
  expect(sender.timeouts).toBe(0);
  watch.start();
  clock.advance(100);
  expect(sender.timeouts).toBe(1);
});

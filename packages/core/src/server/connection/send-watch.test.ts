import { expect, test } from 'vitest';
import { FakeClock } from '../../../test/fake-clock.ts';
import { DeadlineQueue } from '../../time/deadlines.ts';
import { SendWatch } from './send-watch.ts';

function setUp() {
  const clock = new FakeClock();
  const sender = { bytesTaken: 0, timeouts: 0, onSendTimeout: () => void sender.timeouts++ };
  return { clock, sender, watch: new SendWatch(sender, new DeadlineQueue(clock, 100)) };
}

test('tells of a peer that takes nothing, once', () => {
  const { clock, sender, watch } = setUp();
  watch.start();
  clock.pass(99);
  expect(sender.timeouts).toBe(0);
  clock.pass(1000);
  expect(sender.timeouts).toBe(1);
});

test('goes on as long as a byte is taken each time', () => {
  const { clock, sender, watch } = setUp();
  watch.start();
  for (let i = 0; i < 10; i++) {
    sender.bytesTaken++;
    clock.pass(100);
  }
  expect(sender.timeouts).toBe(0);
  clock.pass(100);
  expect(sender.timeouts).toBe(1);
});

test('is not put off by being started again', () => {
  const { clock, sender, watch } = setUp();
  watch.start();
  clock.pass(99);
  watch.start();
  clock.pass(1);
  expect(sender.timeouts).toBe(1);
});

test('is silent once it is stopped, and may be started again', () => {
  const { clock, sender, watch } = setUp();
  watch.start();
  watch.stop();
  clock.pass(1000);
  expect(sender.timeouts).toBe(0);
  watch.start();
  clock.pass(100);
  expect(sender.timeouts).toBe(1);
});

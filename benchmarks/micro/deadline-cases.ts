/** Deadlines, of which each request arms several. */
import { Deadline, Deadlines } from '@reverseit/core/deadlines';
import { do_not_optimize } from 'mitata';
import { eight, inTurn, type MicroCase } from './case.ts';

const target = { onDeadline: () => undefined };

/** Beside a thousand that are armed. */
function crowd(deadlines: Deadlines): void {
  for (let i = 0; i < 1000; i++) deadlines.queue(30_000).arm(new Deadline(target, i));
}

function armAndClear(): MicroCase {
  const deadlines = new Deadlines();
  crowd(deadlines);
  const queue = deadlines.queue(30_000);
  const next = inTurn(eight((kind) => new Deadline(target, kind)));
  return {
    name: 'deadline, armed and cleared',
    bytes: 0,
    run() {
      const deadline = next();
      queue.arm(deadline);
      do_not_optimize(deadline.armed);
      deadline.clear();
    },
  };
}

function armAgain(): MicroCase {
  const deadlines = new Deadlines();
  crowd(deadlines);
  const queue = deadlines.queue(30_000);
  const next = inTurn(eight((kind) => new Deadline(target, kind)));
  return {
    name: 'deadline, armed anew',
    bytes: 0,
    run() {
      const deadline = next();
      queue.arm(deadline);
      do_not_optimize(deadline.armed);
    },
  };
}

export const deadlineCases = (): readonly MicroCase[] => [armAndClear(), armAgain()];

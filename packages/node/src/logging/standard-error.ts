/** Where log lines go unless the application says otherwise: standard error, of which a process has one. */

import { LineLogger } from './line-logger.ts';
import type { Logger } from './logger.ts';

export const standardErrorLogger: Logger = new LineLogger(writeLine, () => performance.now());

/** A reader that went away must not end the process, which has not asked for these lines. */
function writeLine(line: string): void {
  const { stderr } = process;
  try {
    stderr.write(`${line}\n`, (error) => {
      // Comes before the event, which would be an uncaught exception.
      if (error instanceof Error && stderr.listenerCount('error') === 0)
        stderr.once('error', ignore);
    });
  } catch {
    // As below.
  }
}

function ignore(): void {
  // There is nowhere to say so.
}

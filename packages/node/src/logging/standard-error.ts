/** Where log lines go unless the application says otherwise: standard error, of which a process has one. */

import { JsonLogger } from './json-logger.ts';
import { LineLogger } from './line-logger.ts';
import type { LogLevel } from './log-level.ts';
import type { Logger } from './logger.ts';

type LogFormatName = 'text' | 'json';

/** How lines are written, and which. */
export interface LogSettings {
  readonly logFormat: LogFormatName;
  readonly logLevel: LogLevel;
}

/** Where lines go, and by which clock. */
export interface LogTarget {
  log(line: string): void;
  /** Milliseconds that never run backwards. */
  now(): number;
  /** The number of the worker that writes; 0 where there are none. */
  readonly worker: number;
}

/** The logger of the command, of its workers, and of whoever brings none. */
export function lineLogger({ logFormat, logLevel }: LogSettings, target: LogTarget): Logger {
  const { worker } = target;
  const log = (line: string): void => target.log(line);
  const now = (): number => target.now();
  if (logFormat === 'json') {
    return new JsonLogger({ log, now, least: logLevel, always: worker === 0 ? {} : { worker } });
  }
  const name = worker === 0 ? 'reverseit' : `reverseit: worker ${worker}`;
  return new LineLogger(log, now, name, logLevel);
}

const standardError: LogTarget = { log: writeLine, now: () => performance.now(), worker: 0 };

export const standardErrorLogger: Logger = lineLogger(
  { logFormat: 'text', logLevel: 'info' },
  standardError,
);

/** The same as the options say. */
export const standardErrorLoggerOf = (settings: LogSettings): Logger =>
  settings.logFormat === 'text' && settings.logLevel === 'info'
    ? standardErrorLogger
    : lineLogger(settings, standardError);

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

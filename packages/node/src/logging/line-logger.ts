/** The log where the application brings none: a line of text each. */

import { LeveledLogger } from './leveled-logger.ts';
import { isLogged, type LogLevel } from './log-level.ts';
import { Repeats } from './repeats.ts';

export class LineLogger extends LeveledLogger {
  readonly #log: (line: string) => void;
  readonly #name: string;
  readonly #least: LogLevel;
  readonly #repeats: Repeats;

  /**
   * @param name what every line begins with
   * @param least the level from which lines are written
   */
  constructor(
    log: (line: string) => void,
    now: () => number,
    name = 'reverseit',
    least: LogLevel = 'warn',
  ) {
    super();
    this.#log = log;
    this.#name = name;
    this.#least = least;
    this.#repeats = new Repeats(now);
  }

  protected write(level: LogLevel, details: object, message: string): void {
    if (!isLogged(level, this.#least)) return;
    const code = textOf(details, 'code');
    const route = textOf(details, 'route');
    const repeated = this.#repeats.admit([level, message, code, route].join(' '));
    if (repeated === null) return;
    const requestId = textOf(details, 'requestId');
    const where = [
      code,
      route === '' ? '' : `route ${route}`,
      requestId === '' ? '' : `request ${requestId}`,
    ];
    const places = where.filter(Boolean).join(', ');
    const more = repeated === 0 ? '' : `; ${repeated} more like this since the last line`;
    const cause = causeOf(details, level === 'error');
    const text = `${message}${cause === '' ? '' : `: ${cause}`}${places === '' ? '' : ` (${places})`}`;
    this.#log(printable(`${this.#name}: ${labels[level]}: ${text}${more}`));
  }
}

const labels: Readonly<Record<LogLevel, string>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
};

const textOf = (details: object, key: string): string => {
  const value: unknown = key in details ? Reflect.get(details, key) : '';
  return typeof value === 'string' ? value : '';
};

/** A reason is cut off beyond so many characters. */
const maxReasonLength = 500;

/**
 * Why it came to the error: the innermost reason that says something, and of a mistake in code also where
 * that was.
 */
const causeOf = (details: object, withPlace: boolean): string => {
  let reason = '';
  let place = '';
  let error: unknown = 'err' in details ? details.err : undefined;
  for (let depth = 0; depth < 5 && error instanceof Error; depth++) {
    error = error.cause;
    if (typeof error === 'string') reason = error;
    if (!(error instanceof Error)) break;
    if (error.message !== '') reason = error.message;
    place = /^ +(at .+)$/m.exec(error.stack ?? '')?.[1] ?? place;
  }
  const text = reason.slice(0, maxReasonLength);
  return withPlace && place !== '' ? `${text}, ${place.slice(0, maxReasonLength)}` : text;
};

/** One line, whatever the reason was made of. */
const printable = (text: string): string => text.replaceAll(/[^\t -~\u00a0-\uffff]+/g, ' ');

/**
 * The log where the application brings none: warnings and errors, a line each. What comes again and again,
 * such as every request while a backend is down, is told once in a while with a count: standard error may be
 * a pipe that nobody reads, and writing to a full one would stop the proxy.
 */
import type { Logger } from './logger.ts';

/** The same line is written at most once in this time. */
const quietMs = 10_000;

/** Lines that are told apart; further ones are counted as one. */
const maxKinds = 256;

interface Kind {
  /** When it was written last. */
  at: number;
  /** How often it came since. */
  more: number;
}

export class LineLogger implements Logger {
  readonly #log: (line: string) => void;
  readonly #now: () => number;
  readonly #name: string;
  readonly #kinds = new Map<string, Kind>();

  /** @param name what every line begins with */
  constructor(log: (line: string) => void, now: () => number, name = 'reverseit') {
    this.#log = log;
    this.#now = now;
    this.#name = name;
  }

  debug(): void {
    // What peers do wrong is everyday.
  }

  info(): void {
    // An access log is for `onFinish`.
  }

  warn(details: object, message: string): void {
    this.#write('warning', details, message);
  }

  error(details: object, message: string): void {
    this.#write('error', details, message);
  }

  #write(level: string, details: object, message: string): void {
    const code = textOf(details, 'code');
    const route = textOf(details, 'route');
    const kind = this.#kindOf([level, message, code, route].join(' '));
    const now = this.#now();
    if (now - kind.at < quietMs) {
      kind.more++;
      return;
    }
    const where = [code, route === '' ? '' : `route ${route}`].filter(Boolean).join(', ');
    const more = kind.more === 0 ? '' : `; ${kind.more} more like this since the last line`;
    kind.at = now;
    kind.more = 0;
    const cause = causeOf(details, level === 'error');
    this.#log(
      printable(
        `${this.#name}: ${level}: ${message}${cause === '' ? '' : `: ${cause}`}${where === '' ? '' : ` (${where})`}${more}`,
      ),
    );
  }

  #kindOf(key: string): Kind {
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    if (this.#kinds.size >= maxKinds && key !== '') return this.#kindOf('');
    const kind = { at: Number.NEGATIVE_INFINITY, more: 0 };
    this.#kinds.set(key, kind);
    return kind;
  }
}

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

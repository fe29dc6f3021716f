/** The log where the application brings none, as lines of JSON with the keys of pino. */
import { jsonText } from './escape.ts';
import { LeveledLogger } from './leveled-logger.ts';
import { isLogged, type LogLevel } from './log-level.ts';
import { Repeats } from './repeats.ts';

/** Texts are cut off beyond so many characters. */
const maxTextLength = 2000;
/** Details that are longer together are left out. */
const maxDetailsLength = 32_768;
/** Causes of causes, and values in values. */
const maxDepth = 4;

export interface JsonLoggerOptions {
  readonly log: (line: string) => void;
  /** Milliseconds that never run backwards. */
  readonly now: () => number;
  /** The level from which lines are written. */
  readonly least: LogLevel;
  /** What every line says beside its message, such as the number of a worker. */
  readonly always: Readonly<Record<string, string | number>>;
}

export class JsonLogger extends LeveledLogger {
  readonly #log: (line: string) => void;
  readonly #least: LogLevel;
  readonly #always: string;
  readonly #repeats: Repeats;

  constructor({ log, now, least, always }: JsonLoggerOptions) {
    super();
    this.#log = log;
    this.#least = least;
    this.#always = Object.entries(always)
      .map(([key, value]) => `,${jsonText(key)}:${valueText(value, 0)}`)
      .join('');
    this.#repeats = new Repeats(now);
  }

  /** Writes a line however often it comes, such as one about a signal. */
  notice(level: LogLevel, message: string): void {
    if (isLogged(level, this.#least)) this.#line(level, {}, message);
  }

  protected write(level: LogLevel, details: object, message: string): void {
    if (!isLogged(level, this.#least)) return;
    const { code = '', route = '' } = details as {
      readonly code?: unknown;
      readonly route?: unknown;
    };
    const repeated = this.#repeats.admit([level, message, code, route].map(String).join(' '));
    if (repeated === null) return;
    this.#line(level, repeated === 0 ? details : { ...details, repeated }, message);
  }

  #line(level: LogLevel, details: object, message: string): void {
    const time = new Date().toISOString();
    const fields = Object.entries(details)
      .filter(([key, value]) => value !== undefined && !taken.has(key))
      .map(([key, value]) => `,${jsonText(key)}:${valueText(value, 0)}`);
    const all = fields.join('');
    const shown = all.length > maxDetailsLength ? ',"truncated":true' : all;
    const start = `"time":"${time}","level":"${level}","pid":${process.pid}${this.#always}`;
    this.#log(`{${start},"msg":${cut(message)}${shown}}`);
  }
}

/** Said already. */
const taken = new Set(['time', 'level', 'pid', 'msg', 'worker']);

const cut = (text: string): string => jsonText(text.slice(0, maxTextLength));

function valueText(value: unknown, depth: number): string {
  if (typeof value === 'string') return cut(value);
  if (value instanceof Error) return errorText(value, depth);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'boolean' || value === null) return String(value);
  if (typeof value !== 'object' || depth >= maxDepth) return cut(String(value));
  if (Array.isArray(value)) {
    return `[${value
      .slice(0, 20)
      .map((one) => valueText(one, depth + 1))
      .join(',')}]`;
  }
  const entries = Object.entries(value).slice(0, 20);
  return `{${entries.map(([key, one]) => `${jsonText(key)}:${valueText(one, depth + 1)}`).join(',')}}`;
}

function errorText(error: Error, depth: number): string {
  const { name, message, stack = '', cause } = error;
  const { code } = error as { readonly code?: unknown };
  const parts = [`"type":${cut(name)}`, `"message":${cut(message)}`];
  if (typeof code === 'string') parts.push(`"code":${cut(code)}`);
  parts.push(`"stack":${cut(stack)}`);
  if (cause !== undefined && depth < maxDepth) parts.push(`"cause":${valueText(cause, depth + 1)}`);
  return `{${parts.join(',')}}`;
}

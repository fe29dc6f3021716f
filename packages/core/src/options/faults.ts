import { createError } from '../errors/reverseit-error.ts';
import { nearMiss } from './near-miss.ts';

/** One thing that is wrong with a configuration. */
export interface Fault {
  /** Dotted path of the option, such as `routes[2].poolTimeout`. */
  readonly key: string;
  /** What was given, and what is accepted. */
  readonly message: string;
}

/** More names than these are not listed: they would hide the message. */
const maxListed = 12;

/** Collects what is wrong, so that one error can name all of it. */
export class Faults {
  readonly #list: Fault[] = [];

  get list(): readonly Fault[] {
    return this.#list;
  }

  /** Whether this very option was rejected already. */
  has(key: string): boolean {
    return this.#list.some((fault) => fault.key === key);
  }

  add(key: string, message: string): void {
    this.#list.push({ key, message });
  }

  /** A value that is not accepted. A secret one is described and not shown. */
  refuse(key: string, value: unknown, accepts: string, secret = false): void {
    const seen = secret ? describe(value) : show(value);
    this.add(key, `${seen} is not accepted; expected ${accepts}`);
  }

  /** A key that no option has. `elsewhere` says where else the key belongs, if anywhere. */
  unknown(
    parent: string,
    name: string,
    value: unknown,
    known: readonly string[],
    elsewhere?: string,
  ): void {
    const near = nearMiss(name, known);
    const all =
      known.length <= maxListed ? `expected one of ${known.join(', ')}` : 'see the list of options';
    const help = elsewhere ?? (near === null ? all : `did you mean ${near}?`);
    this.add(keyPath(parent, name), `unknown option, given ${show(value)}; ${help}`);
  }

  /** @throws ConfigError (`RIT_ERR_CONFIG`) that lists every fault, when there is one. */
  throwIfAny(): void {
    if (this.#list.length === 0) return;
    const faults = Object.freeze([...this.#list]);
    throw createError('RIT_ERR_CONFIG', faultText(faults), { details: { faults } });
  }
}

/** The faults as one message, a line each. */
export function faultText(faults: readonly Fault[]): string {
  const lines = faults.map(({ key, message }) => (key === '' ? message : `${key}: ${message}`));
  if (lines.length === 1) return `invalid option ${lines[0]}`;
  return `${lines.length} invalid options:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** `routes` and `poolTimeout` → `routes.poolTimeout`. Keys that are no names are quoted. */
export function keyPath(parent: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${parent}[${show(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}

const maxShown = 60;

/** A value as it is shown in a message: short, on one line, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value) && value.every(isScalar)) {
    const text = `[${value.map(show).join(', ')}]`;
    if (text.length <= maxShown) return text;
  }
  return isScalar(value) ? String(value) : describe(value);
}

const isScalar = (value: unknown): boolean =>
  value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value);

function quote(text: string): string {
  const shown = withoutUserinfo(text);
  return shown.length <= maxShown
    ? JSON.stringify(shown)
    : `${JSON.stringify(shown.slice(0, maxShown))}… (${text.length} characters)`;
}

/**
 * A text as it may be shown: what could be the user and password of a URL, however misspelt, is left out.
 */
export function withoutUserinfo(text: string): string {
  return /(?::|\/\/).*@/s.test(text) ? text.replace(/^([A-Za-z][\w+.-]*:\/\/)?.*@/s, '$1…@') : text;
}

/** What kind of value this is, without a word of it. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string')
    return value === '' ? '""' : `a string of ${value.length} characters`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

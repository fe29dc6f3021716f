/**
 * Environment variables in a configuration of JSON: `${NAME}` anywhere in a string, `$${` for the characters
 * themselves. Keys are left alone. Where a variable makes up the value of an option, its text is read as that of
 * the option's flag, so that it can be a number or a boolean.
 */
import { createError } from '@reverseit/core/errors';
import { isPlainObject, keyPath, type Option, type OptionTable } from '@reverseit/core/options';
import { backendOptions } from '@reverseit/upstream/internal';
import { listenerOptions } from '../options/listeners/listener-options.ts';
import { proxyOptions } from '../options/proxy-options.ts';
import { routeOptions } from '../options/route-options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The same configuration with variables replaced.
 * @throws ConfigError (`RIT_ERR_CONFIG`) that names every variable that is not set, and where it stands
 */
export function withEnvironment(input: unknown, environment: Environment): unknown {
  const reader = new Reader(environment);
  const read = reader.read(input, '', proxyOptions, null);
  if (reader.faults.length > 0) throw createError('RIT_ERR_CONFIG', reader.faults.join('\n'));
  return read;
}

type Row = Option<unknown, unknown>;

/** `$${`, or `${` with what follows up to the brace. */
const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const variableName = /^[A-Za-z_]\w*$/;

class Reader {
  readonly faults: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** `rows` describe an object that stands here, or in a list here; `row` is the option whose value this is. */
  read(value: unknown, key: string, rows: OptionTable | null, row: Row | null): unknown {
    if (typeof value === 'string') return this.#readText(value, key, row);
    if (Array.isArray(value)) {
      return value.map((item, nth) => this.read(item, `${key}[${nth}]`, rows, null));
    }
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const option = rows !== null && Object.hasOwn(rows, name) ? (rows[name] ?? null) : null;
        return [name, this.read(item, keyPath(key, name), rowsOf(option), option)];
      }),
    );
  }

  #readText(text: string, key: string, row: Row | null): unknown {
    let isReplaced = false;
    const replaced = text.replaceAll(reference, (match, name: string | undefined, end) => {
      if (name === undefined) return '${';
      const value = Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
      isReplaced = true;
      const where = key === '' ? '' : `${key}: `;
      if (end === '' || !variableName.test(name)) {
        this.faults.push(
          `${where}${match.slice(0, 40)} names no environment variable; expected \${NAME}, or $\${ for \${ itself`,
        );
      } else if (value === undefined) {
        this.faults.push(`${where}the environment variable ${name} is not set`);
      }
      return value ?? '';
    });
    return isReplaced && row !== null ? optionValue(replaced, row) : replaced;
  }
}

/** Of the objects that the value of an option is, or lists. */
function rowsOf(option: Row | null): OptionTable | null {
  if (option === null) return null;
  if (option.nested !== null) return option.nested.rows;
  return (option.kind === 'routes' && routeOptions) || listed.get(option) || null;
}

const listed: ReadonlyMap<Row, OptionTable> = new Map<Row, OptionTable>([
  [proxyOptions.listen, listenerOptions],
  [routeOptions.backend, backendOptions],
]);

/** What the text means as a value of the option; the text itself where it means none, for the table to reject. */
function optionValue(text: string, { text: flag, json }: Row): unknown {
  if (flag !== null) return flag.file ? text : (flag.parse(text) ?? text);
  return json?.type === 'integer' && /^\d{1,16}$/.test(text) ? Number(text) : text;
}

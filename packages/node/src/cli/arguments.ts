/** From arguments to options. What is wrong is collected; whether values are accepted, the tables say. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf } from '@reverseit/core/internal';
import {
  type Fault,
  Faults,
  isPlainObject,
  nearMiss,
  withoutUserinfo,
} from '@reverseit/core/options';
import { foreignHint } from '../options/foreign-words.ts';
import { acceptedBy, commandFlags, type Flag, flags, kebabCase } from './flags.ts';

/** What the arguments ask for. */
export interface Arguments {
  readonly help: boolean;
  readonly version: boolean;
  readonly check: boolean;
  readonly watch: boolean;
  readonly config: string | null;
  /** Files that flags name, such as that of a private key. */
  readonly files: readonly string[];
  /** Options as a configuration file would hold them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The flags that were given, by the path of their options, such as `pool.poolSize`. */
  readonly given: ReadonlyMap<string, string>;
  readonly faults: readonly Fault[];
}

/** What a flag is given. */
interface Given {
  /** As typed, such as `--no-via`. */
  readonly raw: string;
  readonly value: string | undefined;
}

/**
 * @param args without the names of Node and of the script
 * @param readFile reads the files that flags name; what it throws becomes a fault
 */
export function parseArguments(
  args: readonly string[],
  readFile: (path: string) => string,
): Arguments {
  const { tokens } = parseArgs({
    args: [...args],
    options: parseOptions,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const reader = new ArgumentReader(readFile);
  /** Index of an option whose value may follow it, though it needs none or is not known. */
  let before = -2;
  for (const [nth, token] of tokens.entries()) {
    if (token.kind === 'positional' && token.index !== before + 1) {
      reader.refusePositional(token.value);
    }
    if (token.kind !== 'option') continue;
    const { name, rawName: raw, index, inlineValue } = token;
    const isBare = token.value === undefined;
    // What follows a switch or an unknown option was meant for its value: the command takes no other words.
    if (isBare && (isSwitch(name) || !knows(name))) before = index;
    const next = tokens[nth + 1];
    const follows = next?.kind === 'positional' && next.index === index + 1 ? next : undefined;
    // A flag that takes a value also takes the next flag for it.
    const isMissing = inlineValue === false && /^-./.test(token.value);
    const value = isBare && isSwitch(name) ? follows?.value : token.value;
    reader.read(name, { raw, value: isMissing ? undefined : value });
  }
  return reader;
}

const takesValue = ({ text }: Flag): boolean => text.placeholder !== '';

const parseOptions: NonNullable<ParseArgsConfig['options']> = Object.fromEntries([
  ...commandFlags.map(({ name, short, placeholder }) => [
    name,
    { type: placeholder === '' ? 'boolean' : 'string', ...(short === null ? {} : { short }) },
  ]),
  ...flags.map((flag) => [flag.name, { type: takesValue(flag) ? 'string' : 'boolean' }]),
]);

const byName: ReadonlyMap<string, Flag> = new Map(flags.map((flag) => [flag.name, flag]));
const byPath: ReadonlyMap<string, Flag> = new Map(flags.map((flag) => [flag.path.join('.'), flag]));
const negated: ReadonlyMap<string, Flag> = new Map(
  flags.filter(({ text }) => text.negatable).map((flag) => [`no-${flag.name}`, flag]),
);
const commands: ReadonlyMap<string, string> = new Map(
  commandFlags.map(({ name, placeholder }) => [name, placeholder]),
);
const knows = (name: string): boolean =>
  byName.has(name) || negated.has(name) || commands.has(name);
/** Whether it says yes or no, with or without a word for it. */
const isSwitch = (name: string): boolean => {
  const flag = byName.get(name);
  return flag === undefined ? negated.has(name) : !takesValue(flag);
};
const allNames = [...commands.keys(), ...byName.keys(), ...negated.keys()];

class ArgumentReader implements Arguments {
  help = false;
  version = false;
  check = false;
  watch = false;
  readonly files: string[] = [];
  config: string | null = null;
  readonly options: Record<string, unknown> = {};
  readonly given = new Map<string, string>();
  readonly #readFile: (path: string) => string;
  readonly #faults = new Faults();

  constructor(readFile: (path: string) => string) {
    this.#readFile = readFile;
  }

  get faults(): readonly Fault[] {
    return this.#faults.list;
  }

  refusePositional(text: string): void {
    this.#faults.add(withoutUserinfo(text), 'unexpected argument; options start with --');
  }

  read(name: string, given: Given): void {
    const flag = byName.get(name);
    const turnedOff = negated.get(name);
    const command = commands.get(name);
    if (flag !== undefined) this.#readFlag(flag, given);
    else if (turnedOff !== undefined) this.#negate(turnedOff, given);
    else if (command === undefined) this.#refuseUnknown(name, given);
    else if (command === '') this.#readCommand(name, given);
    else this.#readConfig(given);
  }

  #readCommand(name: string, { raw, value }: Given): void {
    if (value !== undefined) this.#faults.add(raw, 'takes no value');
    if (name === 'help') this.help = true;
    else if (name === 'version') this.version = true;
    else if (name === 'watch') this.watch = true;
    else this.check = true;
  }

  #readConfig({ raw, value }: Given): void {
    if (value === undefined || value === '') this.#faults.add(raw, 'needs a file name');
    else if (this.config !== null) this.#faults.add(raw, 'given twice');
    else this.config = value;
  }

  #negate(flag: Flag, { raw, value }: Given): void {
    if (value !== undefined) this.#faults.add(raw, 'takes no value');
    else this.#put(flag, raw, false);
  }

  #readFlag(flag: Flag, { raw, value }: Given): void {
    const { text } = flag;
    if (value !== undefined) {
      const content = text.file ? this.#contentOf(raw, value) : text.parse(value);
      if (content !== undefined) this.#put(flag, raw, content);
      // A file that cannot be read was rejected already.
      else if (!text.file) this.#faults.refuse(raw, value, acceptedBy(flag), true);
    } else if (takesValue(flag))
      this.#faults.add(raw, `needs a value; expected ${acceptedBy(flag)}`);
    else this.#put(flag, raw, true);
  }

  #contentOf(raw: string, path: string): string | undefined {
    this.files.push(path);
    try {
      return this.#readFile(path);
    } catch (error) {
      this.#faults.add(raw, `cannot read the file: ${messageOf(error)}`);
      return undefined;
    }
  }

  #put({ path, text }: Flag, raw: string, value: unknown): void {
    const parents = path.slice(0, -1);
    const key = path.at(-1) ?? '';
    let holder = this.options;
    for (const parent of parents) {
      const held = holder[parent];
      // `--request-id --request-id-header x`: the switch says no more than the group.
      const next = isPlainObject(held) ? (held as Record<string, unknown>) : {};
      if (held === false) this.#faults.add(raw, `contradicts --no-${kebabCase(parent)}`);
      holder[parent] = next;
      holder = next;
    }
    const before = holder[key];
    if (before === undefined) holder[key] = value;
    else if (value === true && isPlainObject(before)) this.given.set(path.join('.'), raw);
    else if (text.repeats) holder[key] = [before, value].flat();
    else this.#faults.add(raw, 'given twice');
    this.given.set(path.join('.'), raw);
  }

  #refuseUnknown(name: string, { raw }: Given): void {
    const near = nearMiss(name, allNames);
    const help =
      foreignHint(name.replace(/^no-/, ''), flagOrKey) ??
      (near === null ? '--help lists all options' : `did you mean --${near}?`);
    this.#faults.add(raw, `unknown option; ${help}`);
  }
}

/** How an option is written here: by its flag, where there is one. That of `keyFile` is the flag of `key`. */
function flagOrKey(option: string): string {
  const flag = byPath.get(option) ?? byPath.get(option.replace(/File$/, ''));
  return flag === undefined ? option : `--${flag.name}`;
}

/** The flags of the command line, read from the option tables. */
import type { Option, OptionTable, OptionText } from '@reverseit/core/options';
import { proxyOptions } from '../options/proxy-options.ts';

/** One flag and the option it stands for. */
export interface Flag {
  /** Without hyphens at the start, such as `pool-size`. */
  readonly name: string;
  /** Where the option stands in the configuration, such as `pool`, `poolSize`. */
  readonly path: readonly string[];
  readonly option: Option<unknown, unknown>;
  readonly text: OptionText;
}

/** What a flag accepts, to follow the word "expected". */
export const acceptedBy = ({ text, option }: Flag): string =>
  text.accepts === '' ? option.accepts : text.accepts;

/** `maxRequestHeaders` → `max-request-headers`. */
export const kebabCase = (key: string): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function flagsOf(table: OptionTable, path: readonly string[], prefix: string): readonly Flag[] {
  return Object.entries(table).flatMap(([key, option]) => {
    const here = [...path, key];
    const name = flagName(prefix, key, option);
    const own = option.text === null ? [] : [{ name, path: here, option, text: option.text }];
    if (option.nested === null) return own;
    return [...own, ...flagsOf(option.nested.rows, here, option.nested.flagPrefix)];
  });
}

/**
 * The address of a group that listens has the name of the group: `--admin`. What is read from a file, and is no
 * certificate or key, says so: `--admin-token-file`.
 */
function flagName(prefix: string, key: string, { kind, text }: Option<unknown, unknown>): string {
  if (prefix === '') return kebabCase(key);
  if (key === 'listen') return prefix;
  const suffix = kind === 'string' && text?.file === true ? '-file' : '';
  return `${prefix}-${kebabCase(key)}${suffix}`;
}

/** Every flag, in the order of the reference. */
export const flags: readonly Flag[] = flagsOf(proxyOptions, [], '').map(({ name, ...flag }) => ({
  ...flag,
  name: flag.text.flag ?? name,
}));

/** A flag of the command itself, which stands for no option. */
export interface CommandFlag {
  readonly name: string;
  readonly short: string | null;
  readonly placeholder: string;
  readonly prose: string;
}

export const commandFlags: readonly CommandFlag[] = [
  {
    name: 'config',
    short: 'c',
    placeholder: 'FILE',
    prose:
      'Reads options from a JSON file or the default export of an ES module; flags take precedence.',
  },
  {
    name: 'watch',
    short: null,
    placeholder: '',
    prose:
      'Reloads when the configuration file or a file of certificates or keys changes, as SIGHUP does.',
  },
  { name: 'check', short: null, placeholder: '', prose: 'Checks the configuration and exits.' },
  { name: 'help', short: 'h', placeholder: '', prose: 'Shows this help.' },
  { name: 'version', short: 'v', placeholder: '', prose: 'Shows the version.' },
];

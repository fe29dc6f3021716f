/** The text of `--help`, made of the option tables. */
import { commandFlags, flags } from './flags.ts';

interface Entry {
  readonly flag: string;
  readonly prose: string;
}

/** @param heading how a heading is shown, for instance in bold */
export function helpText(heading: (text: string) => string): string {
  const groups = new Map<string, Entry[]>();
  for (const { option, name, text } of flags) {
    const entries = groups.get(option.group) ?? [];
    groups.set(option.group, entries);
    const prefix = text.negatable && text.placeholder === '' ? '--[no-]' : '--';
    const isRequired = option.defaultText === 'required';
    const notes = [isRequired ? 'Required.' : `Default: ${option.defaultText}.`];
    if (option.answers !== '') notes.push(`If exceeded: ${option.answers}.`);
    if (text.repeats) notes.push('May be repeated.');
    entries.push({
      flag: `${prefix}${name} ${text.placeholder}`.trimEnd(),
      prose: [option.prose, ...notes].join(' '),
    });
  }
  const command = commandFlags.map(({ name, short, placeholder, prose }) => ({
    flag: `${short === null ? '' : `-${short}, `}--${name} ${placeholder}`.trimEnd(),
    prose,
  }));
  return [
    usage,
    section(heading('Command'), command),
    ...[...groups].map(([group, entries]) => section(heading(group), entries)),
    notes,
  ].join('\n');
}

const usage = `Usage: reverseit --backend URL [--listen HOST:PORT] [--option value …]
       reverseit --config FILE [--option value …]

A hardened HTTP/1.1 and WebSocket reverse proxy.
`;

const notes = `Sizes are in bytes and times in milliseconds; infinity lifts a limit that may be lifted, and
0 is no timeout. A switch may be followed by true or false, as in --verify-tls false.
SIGTERM and SIGINT let what is under way finish, a second one ends at once. With workers,
SIGHUP replaces them one after another, each with the configuration read anew.
Several routes need a configuration file.
`;

const section = (heading: string, entries: readonly Entry[]): string =>
  `${heading}\n${entries.map(({ flag, prose }) => `  ${flag}\n${wrapped(prose)}`).join('')}`;

const width = 92;
const indent = '      ';

const wrapped = (prose: string): string => {
  const lines: string[] = [];
  let line = '';
  for (const word of prose.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((text) => `${indent}${text}\n`).join('');
};

/** The text of `--help`, generated from the option tables. */
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
    if (option.answers !== '') {
      const isLimit = ['bytes', 'count', 'milliseconds'].includes(option.kind);
      notes.push(`${isLimit ? 'If exceeded' : 'Error'}: ${option.answers}.`);
    }
    if (text.repeats) notes.push('Repeatable.');
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

A hardened reverse proxy for HTTP/1.1, HTTP/2 and WebSocket.
`;

const notes = `Sizes are in bytes, times in milliseconds. "infinity" disables a limit where allowed; 0
disables a timeout. Switches also take true or false, as in --verify-tls false.
SIGTERM and SIGINT shut down gracefully; a second signal exits at once. SIGHUP reads the
configuration again and applies it without losing a request; with workers, by restarting them
one by one. An invalid configuration is reported, and the current one stays.
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

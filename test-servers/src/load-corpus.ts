/**
 * Reads the corpus: Markdown files in which each second-level heading is a case. The format is
 * described in `corpus/README.md`; whatever does not follow it is an error with file and line.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RawField } from './message-reader.ts';

/** Where a case applies: the parser alone, core's server over a socket, the whole proxy. */
export type Level = 'parser' | 'server' | 'proxy';

/** The message is taken. */
export interface Accepted {
  readonly kind: 'accept';
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** Fields that stand in the head in this order, others perhaps between them. */
  readonly fields: readonly RawField[];
  readonly body: Buffer;
  readonly trailers: readonly RawField[];
  /** False when the connection closes after the response. */
  readonly persistent: boolean;
  /** Lower-case names that the backend must not see. */
  readonly gone: readonly string[];
  /** Lower-case names that the backend must see. */
  readonly kept: readonly string[];
  /** Status with which the proxy itself answers; the backend sees nothing. */
  readonly proxyAnswers: number | undefined;
}

/** The message is refused, the connection closes, and nothing behind it is parsed. */
export interface Refused {
  readonly kind: 'refuse';
  /** `body` when the head is good and the fault stands after it: the exchange may have begun. */
  readonly at: 'head' | 'body';
  /** `RIT_ERR_…`; undefined where more than one is right. */
  readonly code: string | undefined;
  readonly statuses: readonly number[];
}

/** The input ends inside a message, and that is no fault yet. */
export interface Incomplete {
  readonly kind: 'incomplete';
}

export type Outcome = Accepted | Refused | Incomplete;

export interface CorpusCase {
  /** File without its suffix, such as `framing`. */
  readonly file: string;
  readonly line: number;
  readonly name: string;
  /** The deciding section, such as `RFC 9112 §6.3`. */
  readonly rfc: string;
  /** For a test's name: section, file and sentence. */
  readonly title: string;
  readonly levels: ReadonlySet<Level>;
  /** Options that differ from the defaults. */
  readonly options: Readonly<Record<string, number>>;
  readonly input: Buffer;
  readonly outcomes: readonly Outcome[];
}

const corpusFolder = fileURLToPath(new URL('../corpus/http1/', import.meta.url));

/** All HTTP/1 cases of one level, or all of them. */
export function loadCorpus(level?: Level): CorpusCase[] {
  const files = readdirSync(corpusFolder).filter((name) => name.endsWith('.md'));
  const cases = files.sort().flatMap((name) => {
    const text = readFileSync(`${corpusFolder}${name}`, 'utf8');
    return parseCorpus(text, basename(name, '.md'));
  });
  return level === undefined ? cases : cases.filter((one) => one.levels.has(level));
}

/** The cases of one file. */
export function parseCorpus(text: string, file: string): CorpusCase[] {
  const lines = text.split('\n');
  const starts = lines.flatMap((line, at) => (line.startsWith('## ') ? [at] : []));
  const names = new Set<string>();
  return starts.map((start, nth) => {
    try {
      const one = parseCase(lines.slice(start, starts[nth + 1]), file, start + 1);
      if (names.has(one.name)) throw new Error('the name is used twice');
      names.add(one.name);
      return one;
    } catch (cause) {
      throw new Error(`corpus ${file}.md, line ${start + 1}: ${String(cause)}`, { cause });
    }
  });
}

function parseCase(lines: readonly string[], file: string, line: number): CorpusCase {
  const name = (lines[0] ?? '').slice(3).trim();
  const open = lines.indexOf('```http');
  const close = lines.indexOf('```', open + 1);
  if (open < 0 || close < 0) throw new Error('no input');
  let rfc = '';
  let levels = new Set<Level>(['parser', 'server', 'proxy']);
  const options: Record<string, number> = {};
  for (const about of lines.slice(1, open).filter((text) => text !== '')) {
    const [key, value] = split(about, ': ');
    if (about.startsWith('RFC ')) rfc = about;
    else if (key === 'Levels') levels = new Set(value.split(', ').map(levelOf));
    else if (key === 'Options') {
      for (const option of value.split(', ')) {
        const [optionName, number] = split(option, '=');
        if (!/^[0-9]+$/.test(number)) throw new Error(`option ${option}`);
        options[optionName] = Number(number);
      }
    } else throw new Error(`what is ${JSON.stringify(about)}?`);
  }
  if (!/^RFC [0-9]+ §[0-9A-Z.]+$/.test(rfc)) throw new Error('no RFC section');
  return {
    file,
    line,
    name,
    rfc,
    title: `${rfc} ${file}: ${name}`,
    levels,
    options,
    input: unescapeBytes(lines.slice(open + 1, close).join('')),
    outcomes: parseOutcomes(lines.slice(close + 1)),
  };
}

function split(text: string, at: string): [string, string] {
  const found = text.indexOf(at);
  return found < 0 ? [text, ''] : [text.slice(0, found), text.slice(found + at.length)];
}

function levelOf(text: string): Level {
  if (text === 'parser' || text === 'server' || text === 'proxy') return text;
  throw new Error(`level ${text}`);
}

function parseOutcomes(lines: readonly string[]): Outcome[] {
  const outcomes: Outcome[] = [];
  const items = lines.filter((line) => line !== '');
  for (let at = 0; at < items.length; ) {
    const item = items[at] ?? '';
    let end = at + 1;
    while (items[end]?.startsWith('  - ') === true) end += 1;
    outcomes.push(parseOutcome(item, items.slice(at + 1, end)));
    at = end;
  }
  if (outcomes.length === 0) throw new Error('no outcome');
  if (outcomes.slice(0, -1).some((one) => one.kind !== 'accept')) {
    throw new Error('nothing can follow a refusal');
  }
  return outcomes;
}

function parseOutcome(item: string, details: readonly string[]): Outcome {
  if (item === '- incomplete') return { kind: 'incomplete' };
  const accepted = /^- accept (\S+) (\S+) HTTP\/1\.([01])$/.exec(item);
  if (accepted !== null) {
    const [, method = '', target = '', minor] = accepted;
    return acceptance(method, unescapeBytes(target), minor === '0' ? '1.0' : '1.1', details);
  }
  const refused =
    /^- refuse( body)?(?: (RIT_ERR_[A-Z_]+))? ([0-9]{3}(?:(?:, | or )[0-9]{3})*)$/.exec(item);
  if (refused === null || details.length > 0) throw new Error(`outcome ${JSON.stringify(item)}`);
  return {
    kind: 'refuse',
    at: refused[1] === undefined ? 'head' : 'body',
    code: refused[2],
    statuses: (refused[3] ?? '').split(/, | or /).map(Number),
  };
}

function acceptance(
  method: string,
  target: Buffer,
  version: '1.0' | '1.1',
  details: readonly string[],
): Accepted {
  const fields: RawField[] = [];
  const trailers: RawField[] = [];
  let body = Buffer.alloc(0);
  let persistent = true;
  let gone: string[] = [];
  let kept: string[] = [];
  let proxyAnswers: number | undefined;
  for (const detail of details) {
    const [key, value] = split(detail.slice('  - '.length), ': ');
    if (key === 'closes') persistent = false;
    else if (key === 'body') body = Buffer.from(unquote(value));
    else if (key === 'field') fields.push(fieldOf(value));
    else if (key === 'trailer') trailers.push(fieldOf(value));
    else if (key === 'gone') gone = value.split(', ');
    else if (key === 'kept') kept = value.split(', ');
    else if (key === 'proxy answers') proxyAnswers = Number(value);
    else throw new Error(`detail ${JSON.stringify(detail)}`);
  }
  return {
    kind: 'accept',
    method,
    target: target.toString('latin1'),
    version,
    fields,
    body,
    trailers,
    persistent,
    gone,
    kept,
    proxyAnswers,
  };
}

function unquote(text: string): Buffer {
  if (!/^".*"$/s.test(text)) throw new Error(`not in quotation marks: ${text}`);
  return unescapeBytes(text.slice(1, -1));
}

function fieldOf(text: string): RawField {
  const [name, value] = split(unquote(text).toString('latin1'), ': ');
  return [name, value];
}

/**
 * Text to bytes. `\r` `\n` `\t` `\0` `\s` (space) `\\` and `\xHH` are bytes; `\{text*n}` is the text n
 * times over, itself with escapes but without braces.
 */
export function unescapeBytes(text: string): Buffer {
  const pieces: Buffer[] = [];
  const pattern = /\\(?:x([0-9a-f]{2})|\{([^{}]*)\*([0-9]+)\}|([rnt0s\\]))|[^\\]+/gy;
  let end = 0;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    end = pattern.lastIndex;
    const [whole, hex, repeated, times, letter] = found;
    if (hex !== undefined) pieces.push(Buffer.from(hex, 'hex'));
    else if (repeated !== undefined) {
      const once = unescapeBytes(repeated);
      pieces.push(Buffer.alloc(once.length * Number(times), once));
    } else if (letter !== undefined) pieces.push(Buffer.from(letters[letter] ?? '', 'latin1'));
    else pieces.push(Buffer.from(whole, 'latin1'));
  }
  if (end !== text.length)
    throw new Error(`escape at ${JSON.stringify(text.slice(end, end + 20))}`);
  return Buffer.concat(pieces);
}

const letters: Readonly<Record<string, string>> = {
  r: '\r',
  n: '\n',
  t: '\t',
  0: '\0',
  s: ' ',
  '\\': '\\',
};

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  byteByByte,
  defaultLimits,
  parseAll,
  summary,
  type Verdict,
} from '../../test/drive-parser.ts';
import { catalog } from '../errors/catalog.ts';

const tokenCharacters =
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const targetCharacters =
  "/?!$%&'()*+,-.0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~";
/** So many runs, unless `npm run fuzz` asks for more. */
const runs = (numRuns: number): { numRuns: number } => ({
  numRuns: fc.readConfigureGlobal()?.numRuns ?? numRuns,
});

/** Visible latin1, inside of which blanks may stand. */
const visible = Array.from({ length: 256 }, (_, code) => code)
  .filter((code) => code > 0x20 && code !== 0x7f)
  .map((code) => String.fromCharCode(code));

const text = (characters: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });

const blanks = fc.constantFrom('', ' ', '  ', '\t', ' \t ');
const value = fc
  .array(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...visible) }, fc.constantFrom(' ', '\t')),
    {
      maxLength: 40,
    },
  )
  .map((letters) => letters.join('').replace(/^[ \t]+|[ \t]+$/g, ''));

/** Fields that decide nothing, so that any may stand anywhere. */
const plainField = fc.record({
  name: text(tokenCharacters, 1, 20).filter(
    (name) =>
      !['host', 'expect', 'upgrade', 'connection', 'content-length', 'transfer-encoding'].includes(
        name.toLowerCase(),
      ),
  ),
  before: blanks,
  value,
  after: blanks,
});
type PlainField = typeof plainField extends fc.Arbitrary<infer T> ? T : never;

const bytes = fc
  .uint8Array({ maxLength: 200 })
  .map((array) => Buffer.from(array).toString('latin1'));

const chunk = fc.record({
  content: fc
    .uint8Array({ minLength: 1, maxLength: 60 })
    .map((array) => Buffer.from(array).toString('latin1')),
  zeros: fc.constantFrom('', '0', '000'),
  upper: fc.boolean(),
  extension: fc.constantFrom('', ';a', ';a=b', ';a="b c";d', ';x=\t'.trimEnd()),
});

const body = fc.oneof(
  fc.constant({ kind: 'none' as const }),
  bytes.map((content) => ({ kind: 'length' as const, content })),
  fc.record({
    kind: fc.constant('chunked' as const),
    chunks: fc.array(chunk, { maxLength: 5 }),
    trailers: fc.array(plainField, { maxLength: 3 }),
  }),
);

const message = fc.record({
  emptyLine: fc.boolean(),
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'QUERY'),
  target: text(targetCharacters, 0, 60).map((rest) => `/${rest}`),
  fields: fc.array(plainField, { maxLength: 6 }),
  hostAt: fc.nat(6),
  framingAt: fc.nat(6),
  body,
});
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never;

interface Wire {
  readonly text: string;
  readonly fields: string[];
  readonly content: string;
  readonly trailers: string[];
}

const fieldLine = ({ name, before, value: text, after }: PlainField): string =>
  `${name}:${before}${text}${after}\r\n`;
const flat = (fields: readonly PlainField[]): string[] =>
  fields.flatMap(({ name, value: v }) => [name, v]);

/** A message as bytes, and what a parser must make of them. */
function serialize({
  emptyLine,
  method,
  target,
  fields,
  hostAt,
  framingAt,
  body: content,
}: Message): Wire {
  const all = [...fields];
  const insert = (at: number, name: string, text: string): void => {
    all.splice(Math.min(at, all.length), 0, { name, before: ' ', value: text, after: '' });
  };
  insert(hostAt, 'Host', 'example.com:8080');
  let payload = '';
  let expected = '';
  let trailers: string[] = [];
  if (content.kind === 'length') {
    insert(framingAt, 'content-LENGTH', String(content.content.length));
    payload = content.content;
    expected = content.content;
  } else if (content.kind === 'chunked') {
    insert(framingAt, 'Transfer-Encoding', 'Chunked');
    for (const one of content.chunks) {
      const size = one.content.length.toString(16);
      payload += `${one.zeros}${one.upper ? size.toUpperCase() : size}${one.extension}\r\n${one.content}\r\n`;
      expected += one.content;
    }
    payload += `0\r\n${content.trailers.map(fieldLine).join('')}\r\n`;
    trailers = flat(content.trailers);
  }
  return {
    text: `${emptyLine ? '\r\n' : ''}${method} ${target} HTTP/1.1\r\n${all.map(fieldLine).join('')}\r\n${payload}`,
    fields: flat(all),
    content: expected,
    trailers,
  };
}

const messages = fc.array(message, { minLength: 1, maxLength: 4 });
const cuts = fc.array(fc.nat(), { maxLength: 8 });

function cutsWithin(input: Buffer, raw: readonly number[]): number[] {
  return raw.map((at) => at % (input.length + 1)).sort((a, b) => a - b);
}

/** Splits must not matter, and what is refused is refused in the peer's name, once and for all. */
function expectSound(input: Buffer, raw: readonly number[], limits = defaultLimits): Verdict {
  const whole = parseAll(input, [], limits);
  const expected = summary(whole);
  expect(summary(parseAll(input, cutsWithin(input, raw), limits))).toBe(expected);
  expect(summary(parseAll(input, byteByByte(input), limits))).toBe(expected);
  if (whole.code !== null) {
    expect(whole.status).toBeGreaterThanOrEqual(400);
    expect(whole.status).toBeLessThan(600);
    expect(catalog).toHaveProperty(whole.code);
    expect(whole.code).not.toBe('RIT_ERR_INTERNAL');
  }
  for (const { head, complete } of whole.messages) {
    // Framing is never ambiguous behind the parser.
    const names = head.fields.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    expect(names.filter((name) => name === 'content-length').length).toBe(
      head.framing === 'length' ? 1 : 0,
    );
    expect(names.includes('transfer-encoding')).toBe(head.framing === 'chunked');
    expect(names.filter((name) => name === 'host').length).toBeLessThan(2);
    for (const part of head.fields) expect(part).not.toMatch(/[\r\n\0]/);
    expect(head.target).toMatch(/^(?:\/|\*$)/);
    if (complete) expect(head.byteLength).toBeLessThanOrEqual(input.length);
  }
  return whole;
}

test('any sequence of valid requests, split anywhere, parses to itself', () => {
  fc.assert(
    fc.property(messages, cuts, (sequence, raw) => {
      const wires = sequence.map(serialize);
      const input = Buffer.from(wires.map((wire) => wire.text).join(''), 'latin1');
      const verdict = expectSound(input, raw);
      expect(verdict.code).toBe(null);
      expect(verdict.taken).toBe(input.length);
      expect(
        verdict.messages.map(({ head, body: content, trailers, complete }) => ({
          line: [head.method, head.target, head.minorVersion],
          fields: head.fields,
          content,
          trailers,
          complete,
        })),
      ).toEqual(
        wires.map((wire, nth) => ({
          line: [sequence[nth]?.method, sequence[nth]?.target, 1],
          fields: wire.fields,
          content: wire.content,
          trailers: wire.trailers,
          complete: true,
        })),
      );
    }),
  );
});

/** One damage to the bytes. */
const mutation = fc.record({
  at: fc.nat(),
  remove: fc.nat(3),
  insert: fc.oneof(
    fc.constant(''),
    fc
      .uint8Array({ minLength: 1, maxLength: 3 })
      .map((array) => Buffer.from(array).toString('latin1')),
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '\0',
      ' ',
      '\t',
      ':',
      ',',
      ';',
      '0',
      '\r\n\r\n',
      '\r\n ',
      '#',
      '@',
      'Host: b\r\n',
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Transfer-Encoding: gzip, chunked\r\n',
      'Connection: close\r\n',
      'Expect: 100-continue\r\n',
      'Upgrade: websocket\r\nConnection: upgrade\r\n',
      'HTTP/1.0',
      'HTTP/2.0',
    ),
  ),
});

test('any damage leads to a valid parse or to one refusal, however it is split', () => {
  fc.assert(
    fc.property(
      messages,
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      cuts,
      (sequence, damages, raw) => {
        let wire = sequence.map((one) => serialize(one).text).join('');
        for (const { at, remove, insert } of damages) {
          const place = at % (wire.length + 1);
          wire = wire.slice(0, place) + insert + wire.slice(place + remove);
        }
        expectSound(Buffer.from(wire, 'latin1'), raw);
      },
    ),
    runs(300),
  );
});

test('any bytes at all', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (array, raw) => {
      expectSound(Buffer.from(array), raw);
    }),
  );
});

test('any bytes in the place of a head or a chunked body', () => {
  const noise = fc.string({
    unit: fc.constantFrom(
      '\r',
      '\n',
      ' ',
      '\t',
      ':',
      ';',
      ',',
      '0',
      '1',
      'a',
      'f',
      'X',
      '\0',
      '\xff',
    ),
    maxLength: 60,
  });
  fc.assert(
    fc.property(
      fc.constantFrom(
        'GET ',
        'GET / HTTP/1.1\r\n',
        'GET / HTTP/1.1\r\nHost: a\r\n',
        'GET / HTTP/1.1\r\nHost: a\r\nContent-Length:',
        'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n',
      ),
      noise,
      fc.constantFrom('', '\r\n\r\n', '\r\nHost: a\r\n\r\n', '\r\n0\r\n\r\n'),
      cuts,
      (start, middle, end, raw) => {
        expectSound(Buffer.from(start + middle + end, 'latin1'), raw);
      },
    ),
    runs(400),
  );
});

test('limits hold for any sizes and any split, and no head above them is accepted', () => {
  const limits = fc.record({
    maxRequestTargetBytes: fc.integer({ min: 1, max: 70 }),
    maxRequestHeaderLineBytes: fc.integer({ min: 8, max: 60 }),
    maxRequestHeaderBytes: fc.integer({ min: 8, max: 200 }),
    maxRequestHeaders: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(message, limits, cuts, (one, chosen, raw) => {
      const wire = serialize(one);
      const verdict = expectSound(Buffer.from(wire.text, 'latin1'), raw, chosen);
      const head = verdict.messages[0]?.head;
      if (head === undefined) return;
      const sizes = [];
      for (let i = 0; i < head.fields.length; i += 2) {
        sizes.push((head.fields[i] ?? '').length + 2 + (head.fields[i + 1] ?? '').length);
      }
      expect(one.target.length).toBeLessThanOrEqual(chosen.maxRequestTargetBytes);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(chosen.maxRequestHeaderLineBytes);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(
        chosen.maxRequestHeaderBytes,
      );
      expect(sizes.length).toBeLessThanOrEqual(chosen.maxRequestHeaders);
    }),
  );
});

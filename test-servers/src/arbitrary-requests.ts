/** Generators of requests: valid ones, damaged ones, and ones that mean to deceive. */
import fc from 'fast-check';

const tokenCharacters =
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const targetCharacters =
  "/?!$%&'()*+,-.0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~";
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

/** A request that any server takes. */
export const validRequest = fc.record({
  emptyLine: fc.boolean(),
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'QUERY'),
  target: text(targetCharacters, 0, 60).map((rest) => `/${rest}`),
  fields: fc.array(plainField, { maxLength: 6 }),
  hostAt: fc.nat(6),
  framingAt: fc.nat(6),
  body,
});
export type ValidRequest = typeof validRequest extends fc.Arbitrary<infer T> ? T : never;

/** A request as bytes, and what a parser must make of them. */
export interface SerializedRequest {
  readonly text: string;
  readonly fields: string[];
  readonly content: string;
  readonly trailers: string[];
}

const fieldLine = ({ name, before, value: text, after }: PlainField): string =>
  `${name}:${before}${text}${after}\r\n`;
const flat = (fields: readonly PlainField[]): string[] =>
  fields.flatMap(({ name, value: v }) => [name, v]);

export function serializeRequest({
  emptyLine,
  method,
  target,
  fields,
  hostAt,
  framingAt,
  body: content,
}: ValidRequest): SerializedRequest {
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

/** Places in an input, in order, from any numbers. */
export function cutsWithin(input: Buffer, raw: readonly number[]): number[] {
  return raw.map((at) => at % (input.length + 1)).sort((a, b) => a - b);
}

/** One damage to the bytes. */
export const requestMutation = fc.record({
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

export type RequestMutation = typeof requestMutation extends fc.Arbitrary<infer T> ? T : never;

/** The text with the damages done to it, one behind the other. */
export function damagedBy(text: string, damages: readonly RequestMutation[]): string {
  let wire = text;
  for (const { at, remove, insert } of damages) {
    const place = at % (wire.length + 1);
    wire = wire.slice(0, place) + insert + wire.slice(place + remove);
  }
  return wire;
}

/** Mostly the first, which is the sound one. */
const mostly = (sound: string, ...others: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(sound) }, fc.constantFrom(...others));

/** Field lines that decide about framing, persistence or the way of a request, sound and not. */
const decidingLine = fc.constantFrom(
  'Content-Length: 3',
  'content-length:\t3\t',
  'Content-Length: 03',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'Content-Length: 0x3',
  'Content-Length: -0',
  'Content-Length: 3 3',
  'Content-Length:',
  'Content-Length : 3',
  'Content-Length: 99999999999999999999',
  'Content_Length: 3',
  'Transfer-Encoding: chunked',
  'transfer-encoding:\tCHUNKED ',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: chunked,',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked\x00',
  'Transfer-Encoding : chunked',
  ' Transfer-Encoding: chunked',
  'Transfer-Encoding',
  'X: y\r\n Transfer-Encoding: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'Host: b',
  'Host : b',
  'Connection: close',
  'Connection: close\t',
  'Connection: keep-alive',
  'Connection: close, keep-alive',
  'Connection: upgrade',
  'Connection: content-length, transfer-encoding, host',
  'Connection: a b',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Expect: 200-ok',
  'TE: trailers',
  'Trailer: x',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
);

/** A request that may be sound by chance. */
const deceptiveRequest = fc
  .record({
    start: mostly('', '\r\n', '\n', '\r\n\r\n', ' '),
    method: mostly(
      'POST',
      'GET',
      'HEAD',
      'OPTIONS',
      'TRACE',
      'CONNECT',
      'PRI',
      'post',
      'SOURCE',
      'G ET',
    ),
    space: mostly(' ', '  ', '\t', ''),
    target: mostly(
      '/x',
      '/',
      '*',
      'http://a/x',
      'HTTP://A:80?y',
      'http://u@a/x',
      'http://b/x',
      'ftp://a/x',
      'a:443',
      '/#f',
      '/\xff',
      '/a b',
      '//a/x',
      '\\x',
      '',
    ),
    version: mostly(
      ' HTTP/1.1',
      ' HTTP/1.0',
      ' HTTP/0.9',
      ' HTTP/2.0',
      ' HTTP/1.2',
      ' HTTP/1.1 ',
      ' http/1.1',
      ' RTSP/1.0',
      '  HTTP/1.1',
      '',
    ),
    end: mostly('\r\n', '\n', '\r', '\r\r\n'),
    host: mostly(
      'Host: a',
      'Host:',
      'Host: a, b',
      'Host: u@a',
      'Host: a/b',
      'Host: [::1]:80',
      'X: y',
    ),
    lines: fc.array(decidingLine, { maxLength: 3 }),
    content: mostly(
      '',
      'abc',
      '3\r\nabc\r\n0\r\n\r\n',
      '0\r\n\r\n',
      '03\r\nabc\r\n00\r\nx: y\r\n\r\n',
      '3 \r\nabc\r\n0\r\n\r\n',
      '3;a\r\nabc\r\n0;b=c\r\n\r\n',
      '3;a\nabc\r\n0\r\n\r\n',
      '3\nabc\n0\n\n',
      '3\r\nabcd\r\n0\r\n\r\n',
      '-1\r\nabc\r\n0\r\n\r\n',
      '0x3\r\nabc\r\n0\r\n\r\n',
      'fffffffffffffffff\r\nabc',
      '0\r\nContent-Length: 3\r\n\r\n',
      '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    ),
  })
  .map(
    ({ start, method, space, target, version, end, host, lines, content }) =>
      `${start}${method}${space}${target}${version}${end}${[host, ...lines].join(end)}${end}${end}${content}`,
  );

/** What one client sends on one connection, latin1: valid, damaged or deceptive requests. */
export const anyRequests: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(
      fc.array(validRequest, { minLength: 1, maxLength: 3 }),
      fc.array(requestMutation, { maxLength: 2 }),
    )
    .map(([sequence, damages]) =>
      damagedBy(sequence.map((one) => serializeRequest(one).text).join(''), damages),
    ),
  fc.array(deceptiveRequest, { minLength: 1, maxLength: 2 }).map((texts) => texts.join('')),
);

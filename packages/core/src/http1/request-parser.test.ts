import { type Accepted, type CorpusCase, loadCorpus } from '@reverseit/test-servers/load-corpus';
import { describe, expect, test } from 'vitest';
import {
  byteByByte,
  defaultLimits,
  type ParsedMessage,
  parseAll,
  summary,
  type Verdict,
} from '../../test/drive-parser.ts';
import { wasmMemoryBytes } from './llhttp/instance.ts';
import { PARSER, RequestParser } from './request-parser.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

function expectMessage(message: ParsedMessage | undefined, outcome: Accepted): void {
  if (message === undefined) throw new Error(`${outcome.target} is missing`);
  const { head } = message;
  expect([head.method, head.target, `1.${head.minorVersion}`]).toEqual([
    outcome.method,
    outcome.target,
    outcome.version,
  ]);
  expect(message.complete).toBe(true);
  expect(message.body).toBe(outcome.body.toString('latin1'));
  expect(message.trailers).toEqual(outcome.trailers.flat());
  expect(head.persistent).toBe(outcome.persistent);
  let at = 0;
  for (const [name, value] of outcome.fields) {
    while (at < head.fields.length && !(head.fields[at] === name && head.fields[at + 1] === value))
      at += 2;
    expect(at, `${name}: ${value} in ${JSON.stringify(head.fields)}`).toBeLessThan(
      head.fields.length,
    );
    at += 2;
  }
}

function expectOutcomes(one: CorpusCase, verdict: Verdict): void {
  let nth = 0;
  for (const outcome of one.outcomes) {
    if (outcome.kind === 'accept') expectMessage(verdict.messages[nth++], outcome);
    else if (outcome.kind === 'incomplete') {
      expect(verdict.code).toBe(null);
      expect(verdict.messages.slice(nth).every((message) => !message.complete)).toBe(true);
    } else {
      if (outcome.code !== undefined) expect(verdict.code).toBe(outcome.code);
      expect(outcome.statuses).toContain(verdict.status);
      // At most the head of the refused message itself has been seen.
      expect(verdict.messages.length).toBe(outcome.at === 'head' ? nth : nth + 1);
    }
  }
  if (one.outcomes.every((outcome) => outcome.kind === 'accept')) {
    expect(verdict.code).toBe(null);
    expect(verdict.messages.length).toBe(nth);
    if (verdict.messages.at(-1)?.head.persistent) expect(verdict.taken).toBe(one.input.length);
  }
}

const corpus = loadCorpus('parser');

describe('the corpus, whole, byte by byte and at every split', () => {
  test('is there', () => expect(corpus.length).toBeGreaterThan(100));

  test.for(corpus)('$title', (one) => {
    const limits = { ...defaultLimits, ...one.options };
    const whole = parseAll(one.input, [], limits);
    expectOutcomes(one, whole);
    const expected = summary(whole);
    expect(summary(parseAll(one.input, byteByByte(one.input), limits))).toBe(expected);
    const step = Math.ceil(one.input.length / 512);
    for (let at = 1; at < one.input.length; at += step) {
      expect(summary(parseAll(one.input, [at], limits)), `cut at ${at}`).toBe(expected);
    }
  });
});

/** Feeds byte by byte. */
function drip(input: string, limits = defaultLimits): Verdict {
  const bytes = latin1(input);
  return parseAll(bytes, byteByByte(bytes), limits);
}

const small = {
  maxRequestTargetBytes: 20,
  maxRequestHeaderLineBytes: 30,
  maxRequestHeaderBytes: 60,
  maxRequestHeaders: 3,
};
const line = 'GET / HTTP/1.1\r\n';
const host = 'Host: a\r\n';

describe('limits, exactly at and one above', () => {
  const limits: readonly [name: string, at: string, above: string, code: string][] = [
    [
      'maxRequestTargetBytes',
      `GET /${'t'.repeat(19)} HTTP/1.1\r\n${host}\r\n`,
      `GET /${'t'.repeat(20)} HTTP/1.1\r\n${host}\r\n`,
      'RIT_ERR_TARGET_TOO_LONG',
    ],
    [
      'maxRequestHeaderLineBytes by its value',
      `${line}${host}X: ${'v'.repeat(27)}\r\n\r\n`,
      `${line}${host}X: ${'v'.repeat(28)}\r\n\r\n`,
      'RIT_ERR_HEAD_TOO_LARGE',
    ],
    [
      'maxRequestHeaderLineBytes by its name',
      `${line}${host}${'N'.repeat(28)}:\r\n\r\n`,
      `${line}${host}${'N'.repeat(29)}:\r\n\r\n`,
      'RIT_ERR_HEAD_TOO_LARGE',
    ],
    [
      'maxRequestHeaderLineBytes by blanks before the value',
      `${line}${host}X:${' '.repeat(27)}v\r\n\r\n`,
      `${line}${host}X:${' '.repeat(28)}v\r\n\r\n`,
      'RIT_ERR_HEAD_TOO_LARGE',
    ],
    [
      'maxRequestHeaderLineBytes by blanks after the value',
      `${line}${host}X: v${' '.repeat(26)}\r\n\r\n`,
      `${line}${host}X: v${' '.repeat(27)}\r\n\r\n`,
      'RIT_ERR_HEAD_TOO_LARGE',
    ],
    [
      'maxRequestHeaderLineBytes in a line that others follow',
      `${line}X: ${'v'.repeat(27)}\r\n${host}\r\n`,
      `${line}X: ${'v'.repeat(28)}\r\n${host}\r\n`,
      'RIT_ERR_HEAD_TOO_LARGE',
    ],
    [
      'maxRequestHeaderBytes',
      `${line}${host}X: ${'v'.repeat(27)}\r\nY: ${'v'.repeat(20)}\r\n\r\n`,
      `${line}${host}X: ${'v'.repeat(27)}\r\nY: ${'v'.repeat(21)}\r\n\r\n`,
      'RIT_ERR_HEAD_TOO_LARGE',
    ],
    [
      'maxRequestHeaders',
      `${line}${host}A:\r\nB:\r\n\r\n`,
      `${line}${host}A:\r\nB:\r\nC:\r\n\r\n`,
      'RIT_ERR_TOO_MANY_FIELDS',
    ],
  ];

  test.for(limits)('%s', ([, at, above, code]) => {
    for (const input of [at, above].map(latin1)) {
      expect(summary(parseAll(input, byteByByte(input), small))).toBe(
        summary(parseAll(input, [], small)),
      );
    }
    expect(parseAll(latin1(at), [], small)).toMatchObject({ code: null });
    expect(parseAll(latin1(above), [], small)).toMatchObject({ code, messages: [] });
  });

  const early: readonly [name: string, input: string, code: string, afterBytes: number][] = [
    [
      'a target that never ends',
      `GET /${'t'.repeat(100)}`,
      'RIT_ERR_TARGET_TOO_LONG',
      'GET '.length + 21,
    ],
    [
      'a field name that never ends',
      `${line}${'N'.repeat(100)}`,
      'RIT_ERR_HEAD_TOO_LARGE',
      line.length + 29,
    ],
    [
      'a field value that never ends',
      `${line}X: ${'v'.repeat(100)}`,
      'RIT_ERR_HEAD_TOO_LARGE',
      line.length + 31,
    ],
    // The four bytes that may be the end of the line and of the head are not blamed on the line.
    [
      'blanks that never end before a value',
      `${line}X:${' '.repeat(100)}`,
      'RIT_ERR_HEAD_TOO_LARGE',
      line.length + 35,
    ],
    [
      'field lines that never end together',
      `${line}A: ${'v'.repeat(20)}\r\nB: ${'v'.repeat(20)}\r\nC: ${'v'.repeat(20)}`,
      'RIT_ERR_HEAD_TOO_LARGE',
      line.length + 25 + 25 + 3 + 12,
    ],
    [
      'one field too many, at the first letter of its name',
      `${line}A:\r\nB:\r\nC:\r\nD`,
      'RIT_ERR_TOO_MANY_FIELDS',
      line.length + 12 + 1,
    ],
    [
      'spaces that never end before the target',
      `GET${' '.repeat(100)}`,
      'RIT_ERR_REQUEST_LINE',
      49,
    ],
    [
      'spaces that never end after the target',
      `GET /${' '.repeat(100)}`,
      'RIT_ERR_REQUEST_LINE',
      5 + 49,
    ],
    ['empty lines that never end', '\r\n\r\n\r\n', 'RIT_ERR_REQUEST_LINE', 2],
    ['the request of HTTP/0.9, which has no head', 'GET /\r\n', 'RIT_ERR_REQUEST_LINE', 6],
  ];

  test.for(early)('%s: refused while it arrives', ([, input, code, afterBytes]) => {
    expect(drip(input, small)).toMatchObject({ code, taken: afterBytes, messages: [] });
    // The verdict on the bytes up to there is the same when more of them come at once.
    expect(parseAll(latin1(input), [], small).code).toBe(code);
  });
});

describe('chunked bodies (RFC 9112 §7.1)', () => {
  const chunked = `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`;

  const bounds: readonly [name: string, body: string, code: string | null][] = [
    ['an extension at the budget', `1;${'e'.repeat(16380)}\r\nx\r\n0\r\n\r\n`, null],
    ['an extension above it', `1;${'e'.repeat(16381)}\r\n`, 'RIT_ERR_CHUNK_OVERHEAD'],
    [
      'an extension above it, with content after it that would pay for it',
      `fff;${'e'.repeat(17000)}\r\n${'x'.repeat(4095)}\r\n0\r\n\r\n`,
      'RIT_ERR_CHUNK_OVERHEAD',
    ],
    ['zeros before a size', `${'0'.repeat(20000)}1\r\nx\r\n0\r\n\r\n`, 'RIT_ERR_CHUNK_OVERHEAD'],
    ['20 000 chunks of one byte', `${'1\r\nx\r\n'.repeat(20000)}0\r\n\r\n`, null],
    [
      '20 000 chunks of one byte with an extension each',
      `${'1;abcdef\r\nx\r\n'.repeat(20000)}0\r\n\r\n`,
      'RIT_ERR_CHUNK_OVERHEAD',
    ],
    ['trailers above the budget of framing, within their own', trailers(5, 4000), null],
    ['a trailer line at its limit', trailers(1, 8192), null],
    ['a trailer line above it', trailers(1, 8193), 'RIT_ERR_TRAILERS_TOO_LARGE'],
    ['trailers at their limit', trailers(8, 8192), null],
    [
      'trailers above it',
      `${trailers(8, 8192).slice(0, -2)}a:\r\n\r\n`,
      'RIT_ERR_TRAILERS_TOO_LARGE',
    ],
    ['as many trailers as fields are allowed', trailers(100, 10), null],
    ['one more', trailers(101, 10), 'RIT_ERR_TRAILERS_TOO_LARGE'],
    ['blanks in a trailer', `0\r\na:${' '.repeat(9000)}b\r\n\r\n`, 'RIT_ERR_TRAILERS_TOO_LARGE'],
  ];

  /** A body of nothing but trailers, which weigh as much each as the limits count it. */
  function trailers(count: number, weight: number): string {
    let text = '0\r\n';
    for (let i = 0; i < count; i++) text += `a: ${'v'.repeat(weight - 3)}\r\n`;
    return `${text}\r\n`;
  }

  test.for(bounds)('%s', ([, body, code]) => {
    const input = latin1(chunked + body);
    const whole = parseAll(input);
    expect(whole.code).toBe(code);
    expect(whole.messages[0]?.complete).toBe(code === null);
    for (const cuts of [byteByByte(input), [chunked.length], [chunked.length + 5000], [65536]]) {
      expect(summary(parseAll(input, cuts))).toBe(summary(whole));
    }
  });

  test('an extension is refused before its line is complete', () => {
    const verdict = drip(`${chunked}1;${'e'.repeat(30000)}`);
    expect(verdict).toMatchObject({
      code: 'RIT_ERR_CHUNK_OVERHEAD',
      taken: chunked.length + 16385,
    });
  });

  test('a trailer is refused before its line is complete', () => {
    const verdict = drip(`${chunked}0\r\na: ${'v'.repeat(9000)}`);
    expect(verdict).toMatchObject({
      code: 'RIT_ERR_TRAILERS_TOO_LARGE',
      taken: chunked.length + 3 + 8193,
    });
  });

  test('trailers stay apart from the head and are gone with the next message', () => {
    const input = `${chunked}1\r\nx\r\n0\r\nX-Sum: \xe9 \r\nHost: b\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`;
    const { messages } = parseAll(latin1(input));
    expect(messages[0]?.head.fields).toEqual(['Host', 'a', 'Transfer-Encoding', 'chunked']);
    expect(messages[0]?.trailers).toEqual(['X-Sum', '\xe9', 'Host', 'b']);
    expect(messages[1]?.trailers).toEqual([]);
  });
});

describe('the parser as a machine', () => {
  const sink = { onBody: (): void => {} };

  test('content is handed on as views of the chunk, not as copies', () => {
    const chunk = latin1(`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabcGET`);
    const parser = new RequestParser(defaultLimits);
    const chunks: Buffer[] = [];
    expect(parser.readHead(chunk, 0)?.contentLength).toBe(3);
    parser.readBody(chunk, parser.offset, { onBody: (part) => chunks.push(part) });
    expect(chunks.map(String)).toEqual(['abc']);
    expect(chunks[0]?.buffer).toBe(chunk.buffer);
    expect(parser.state).toBe(PARSER.COMPLETE);
    parser.free();
  });

  test('a complete message lets no byte in until next()', () => {
    const chunk = latin1(`${line}${host}\r\n${line}${host}\r\n`);
    const parser = new RequestParser(defaultLimits);
    const first = parser.readHead(chunk, 0);
    const { offset } = parser;
    expect(offset).toBe(chunk.length / 2);
    expect(parser.readHead(chunk, offset)).toBe(null);
    parser.readBody(chunk, offset, sink);
    expect(parser.offset).toBe(offset);
    parser.next();
    expect(parser.head).toBe(null);
    expect(parser.readHead(chunk, offset)).toEqual(first);
    parser.free();
  });

  test('next() before the end of a message is misuse', () => {
    const parser = new RequestParser(defaultLimits);
    expect(() => parser.next()).toThrow(expect.objectContaining({ code: 'RIT_ERR_INTERNAL' }));
    parser.free();
  });

  test('a refused request leaves the parser failed for ever', () => {
    const parser = new RequestParser(defaultLimits);
    const bad = latin1('GET / HTTP/3.0\r\n\r\n');
    expect(parser.readHead(bad, 0)).toBe(null);
    const { error } = parser;
    expect(error).toMatchObject({ code: 'RIT_ERR_HTTP_VERSION', status: 505 });
    const good = latin1(`${line}${host}\r\n`);
    expect(parser.readHead(good, 0)).toBe(null);
    parser.readBody(good, 0, sink);
    expect([parser.offset, parser.state, parser.error]).toEqual([0, PARSER.FAILED, error]);
    parser.free();
    expect(parser.state).toBe(PARSER.FAILED);
  });

  describe('the line of a rejected request, as far as it came', () => {
    const long = 'a'.repeat(3000);
    test.each<[name: string, input: string, line: string]>([
      [
        'whole, of a version that is not served',
        'GET /a?b HTTP/3.0\r\nHost: a\r\n\r\n',
        'GET /a?b HTTP/3.0',
      ],
      ['ended by LF alone', 'GET /a HTTP/1.1\nHost: a\n\n', 'GET /a HTTP/1.1'],
      [
        'of another protocol, as bytes',
        '\x16\x03\x01\x02\0\x01\xfc\r\nx',
        '\x16\x03\x01\x02\0\x01\xfc',
      ],
      [
        'of a field that is rejected',
        'HEAD /a HTTP/1.1\r\nHost: a\r\n b\r\n\r\n',
        'HEAD /a HTTP/1.1',
      ],
      ['of a head that is rejected whole', 'GET /a HTTP/1.1\r\nX: b\r\n\r\n', 'GET /a HTTP/1.1'],
      ['cut after 1,024 bytes', `GET /${long}{ HTTP/1.1\r\n\r\n`, `GET /${long}`.slice(0, 1024)],
      ['after an empty line', '\r\nGET / HTTP/9.9\r\n\r\n', 'GET / HTTP/9.9'],
      ['none, of empty lines', '\r\n\r\n\r\n', ''],
    ])('%s', (_, input, wanted) => {
      const whole = new RequestParser(defaultLimits);
      expect(whole.readHead(latin1(input), 0)).toBe(null);
      expect([whole.state, whole.requestLine]).toEqual([PARSER.FAILED, wanted]);
      expect(whole.isHeadRequest).toBe(wanted.startsWith('HEAD '));
      // In pieces, what comes after the piece with the fault is not known.
      const parts = new RequestParser(defaultLimits);
      for (const byte of latin1(input)) parts.readHead(Buffer.from([byte]), 0);
      expect(parts.state).toBe(PARSER.FAILED);
      expect(wanted.startsWith(parts.requestLine)).toBe(true);
      whole.free();
      parts.free();
    });

    test('of one that has not come whole; none before it begins, nor after it is complete', () => {
      const parser = new RequestParser(defaultLimits);
      expect(parser.requestLine).toBe('');
      parser.readHead(latin1('GET /a HT'), 0);
      expect(parser.requestLine).toBe('GET /a HT');
      parser.readHead(latin1(`TP/1.1\r\n${host}\r\n`), 0);
      expect(parser.requestLine).toBe('');
      parser.free();
    });
  });

  test('freed, also twice and in the middle of a message, it takes nothing', () => {
    const parser = new RequestParser(defaultLimits);
    parser.readHead(latin1('GET / HT'), 0);
    expect(parser.insideHead).toBe(true);
    parser.free();
    parser.free();
    expect(parser.readHead(latin1('TP/1.1\r\n'), 0)).toBe(null);
    expect([parser.offset, parser.insideHead]).toEqual([0, false]);
  });

  test('freed, it keeps no head: a closed connection may outlive many collections of garbage', () => {
    const parser = new RequestParser(defaultLimits);
    const head = parser.readHead(latin1(`GET / HTTP/1.1\r\n${host}\r\n`), 0);
    expect(parser.head).toBe(head);
    parser.free();
    expect(parser.head).toBe(null);
  });

  test('a sink may free the parser and run another one', () => {
    // Long enough to come as chunks of their own.
    const [a, b] = ['a'.repeat(0x400), 'b'.repeat(0x400)];
    const chunk = latin1(
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n400\r\n${a}\r\n400\r\n${b}\r\n0\r\n\r\n`,
    );
    const parser = new RequestParser(defaultLimits);
    parser.readHead(chunk, 0);
    const chunks: string[] = [];
    parser.readBody(chunk, parser.offset, {
      onBody(part) {
        chunks.push(String(part));
        expect(parseAll(chunk).messages[0]?.body).toBe(a + b);
        parser.free();
      },
    });
    expect(chunks).toEqual([a, b]);
  });

  test('an empty line before a request is no part of a head (RFC 9112 §2.2)', () => {
    const parser = new RequestParser(defaultLimits);
    parser.readHead(latin1('\r\n'), 0);
    expect(parser.insideHead).toBe(false);
    const head = parser.readHead(latin1(`${line}${host}\r\n`), 0);
    expect(head?.byteLength).toBe(line.length + host.length + 2);
    parser.free();
  });

  test('messages of refused limits name the option and not the input', () => {
    const input = `GET /${'secret'.repeat(10)} HTTP/1.1\r\n${host}\r\n`;
    const parser = new RequestParser(small);
    parser.readHead(latin1(input), 0);
    expect(parser.error?.message).toBe('request target exceeds maxRequestTargetBytes (20)');
    parser.free();
  });

  test('thousands of parsers, made and freed, do not grow WebAssembly memory', () => {
    const chunk = latin1(`${line}${host}\r\n`);
    const cycle = (): void => {
      const parsers = Array.from({ length: 1000 }, () => new RequestParser(defaultLimits));
      for (const parser of parsers) expect(parser.readHead(chunk, 0)).not.toBe(null);
      for (const parser of parsers) parser.free();
    };
    cycle();
    const before = wasmMemoryBytes();
    for (let i = 0; i < 5; i++) cycle();
    expect(wasmMemoryBytes()).toBe(before);
  });

  test('a head and a body larger than the input window', () => {
    const limits = { ...defaultLimits, maxRequestHeaderLineBytes: 1e6, maxRequestHeaderBytes: 1e6 };
    const value = 'v'.repeat(200_000);
    const content = 'c'.repeat(200_000);
    const input = latin1(
      `POST / HTTP/1.1\r\n${host}X: ${value}\r\nTransfer-Encoding: chunked\r\n\r\n` +
        `${content.length.toString(16)}\r\n${content}\r\n0\r\n\r\n`,
    );
    const { messages, code } = parseAll(input, [], limits);
    expect(code).toBe(null);
    expect(messages[0]?.head.fields[3]).toBe(value);
    expect(messages[0]?.body).toBe(content);
  });
});

test('a sink may end the parser over any part, also where more of the chunk is to come', () => {
  const part = `7d0\r\n${'a'.repeat(2000)}\r\n`;
  const head = Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (const [times, end] of [
    [60, ''],
    [1, '0\r\n\r\n'],
  ] as const) {
    const chunk = Buffer.from(part.repeat(times) + end);
    const parser = new RequestParser(defaultLimits);
    const other = new RequestParser(defaultLimits);
    parser.readHead(head, 0);
    let seen = 0;
    const onBody = (): void => {
      seen++;
      parser.free();
    };
    parser.readBody(chunk, 0, { onBody });
    expect(seen).toBeGreaterThan(0);
    expect(parser.offset).toBeLessThanOrEqual(65_536);
    // The machine at address 0, if there were one, would be everybody's.
    expect(other.readHead(head, 0)?.framing).toBe('chunked');
    other.free();
  }
});

/** What is left of the first message of an input after its head, and how it ends. */
function bodyOf(parser: RequestParser, rest: Buffer, pieceBytes: number): readonly unknown[] {
  let body = '';
  const onBody = (chunk: Buffer): void => {
    body += chunk.toString('latin1');
  };
  let at = 0;
  while (parser.state === PARSER.BODY && at < rest.length) {
    const chunk = rest.subarray(at, at + pieceBytes);
    parser.readBody(chunk, 0, { onBody });
    at += parser.offset;
  }
  const told = parser.error === null ? [body, at, parser.trailers] : [];
  parser.free();
  return [parser.error?.code, ...told];
}

describe('after a head that somebody else has read', () => {
  test.for(corpus)('$title', ({ input, options }) => {
    const limits = { ...defaultLimits, ...options };
    const first = new RequestParser(limits);
    const head = first.readHead(input, 0);
    const rest = input.subarray(first.offset);
    if (head === null) {
      first.free();
      return;
    }
    const whole = bodyOf(first, rest, rest.length);
    for (const pieceBytes of [rest.length, 7, 1]) {
      expect(bodyOf(RequestParser.after(head, limits), rest, pieceBytes)).toEqual(whole);
    }
  });
});

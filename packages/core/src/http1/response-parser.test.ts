import { describe, expect, it } from 'vitest';
import { RESPONSE, type ResponseFraming, ResponseParser } from './response-parser.ts';

interface Seen {
  heads: string[];
  content: string;
  trailers: string[];
  state: number;
  code: string | null;
}

/** Feeds `text` in chunks of `size`; every final head is followed by the given framing. */
function read(
  text: string,
  framing: ResponseFraming,
  length: number,
  size: number,
  max = 1000,
): Seen {
  const parser = new ResponseParser(max);
  const seen: Seen = { heads: [], content: '', trailers: [], state: 0, code: null };
  const sink = {
    onBody: (chunk: Buffer) => {
      seen.content += chunk.toString('latin1');
    },
  };
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    let offset = 0;
    while (offset < chunk.length) {
      if (parser.state === RESPONSE.HEAD) {
        const head = parser.readHead(chunk, offset);
        if (head !== null) {
          seen.heads.push(
            `${head.minorVersion} ${head.status} ${head.reason}|${head.fields.join('|')}`,
          );
          if (head.status < 200) parser.next();
          else parser.expectBody(framing, length);
        }
      } else if (parser.state === RESPONSE.BODY) parser.readBody(chunk, offset, sink);
      else break;
      offset = parser.offset;
    }
  }
  seen.trailers = parser.trailers;
  seen.state = parser.state;
  seen.code = parser.error?.code ?? null;
  parser.free();
  return seen;
}

const sizes = [1, 2, 7, 100_000];

it.each([
  ['', ''],
  ['A: b\r\nc: d\r\n', 'A: b\r\nc: d\r\n'],
  ['A:b\r\n', 'A: b\r\n'],
  ['A: b\r\nc:  d\r\n', 'A: b\r\nc: d\r\n'],
])('field lines are written as ours: %j', (lines, written) => {
  const parser = new ResponseParser(1000);
  const head = parser.readHead(Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\n`), 0);
  expect(head?.headers.serialize()).toBe(written);
  parser.free();
});

describe('responses (RFC 9112 §4, §6)', () => {
  const accepted: readonly [
    name: string,
    text: string,
    framing: ResponseFraming,
    length: number,
    expected: Partial<Seen>,
  ][] = [
    [
      '§6.3 content-length',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX:  a \r\n\r\nhello',
      'length',
      5,
      { heads: ['1 200 OK|Content-Length|5|X|a'], content: 'hello', state: RESPONSE.COMPLETE },
    ],
    [
      '§4 empty reason, HTTP/1.0',
      'HTTP/1.0 404 \r\n\r\nuntil the end',
      'until-close',
      0,
      { heads: ['0 404 |'], content: 'until the end', state: RESPONSE.BODY },
    ],
    [
      '§7.1 chunked with trailers and an extension',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: x \r\n\r\n',
      'chunked',
      0,
      {
        heads: ['1 200 OK|Transfer-Encoding|chunked'],
        content: 'hello',
        trailers: ['T', 'x'],
        state: RESPONSE.COMPLETE,
      },
    ],
    [
      'RFC 9110 §15.2 interim responses before the final one',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
      'none',
      0,
      {
        heads: ['1 100 Continue|', '1 103 Early Hints|Link|</a>', '1 204 No Content|'],
        state: RESPONSE.COMPLETE,
      },
    ],
    [
      '§6.3 a response to HEAD has no content whatever it announces',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'none',
      0,
      { heads: ['1 200 OK|Transfer-Encoding|chunked'], state: RESPONSE.COMPLETE },
    ],
    [
      '§4 a reason that is no printable ASCII is left out',
      'HTTP/1.1 200 \xe9\r\nContent-Length: 0\r\n\r\n',
      'length',
      0,
      { heads: ['1 200 |Content-Length|0'], state: RESPONSE.COMPLETE },
    ],
  ];
  for (const [name, text, framing, length, expected] of accepted) {
    it.each(sizes)(`${name}, in chunks of %i`, (size) => {
      expect(read(text, framing, length, size)).toMatchObject({ code: null, ...expected });
    });
  }

  const refused: readonly [name: string, text: string, code: string][] = [
    ['§4 another protocol', 'RTSP/1.0 200 OK\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['§2.3 HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['§4 status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['§4 status 099', 'HTTP/1.1 099 OK\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['§4 status 600', 'HTTP/1.1 600 OK\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['§4 two spaces', 'HTTP/1.1  200 OK\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['§2.2 a blank line first', '\r\nHTTP/1.1 200 OK\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['§2.2 bare LF', 'HTTP/1.1 200 OK\nX: a\n\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ...[
      'HTTP/1.1 200 OK\r\rContent-Length: 4\r\n\r\n',
      'HTTP/1.1 200\r\rContent-Length: 4\r\n\r\n',
      'HTTP/1.1 200 \r\rContent-Length: 4\r\n\r\n',
      'HTTP/1.1 200 OK\r\r\r\n\r\n',
      'HTTP/1.1 200 OK\r\r\nX: a\r\n\r\n',
      'HTTP/1.1 200 O\rK\r\nX: a\r\n\r\n',
      'HTTP/1.1 103 E\r\rX: a\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX: a\r\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX: a\r\rY: b\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX: a\r\n\r\r\n',
      'HTTP/1.1 200 OK\r\nX: a\r\n\rEvil',
    ].map((text): [string, string, string] => [
      `§2.2 bare CR: ${JSON.stringify(text)}`,
      text,
      'RIT_ERR_UPSTREAM_PROTOCOL',
    ]),
    ['§4 NUL in the reason', 'HTTP/1.1 200 O\0K\r\nX: a\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['§5.2 obs-fold', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['§5.1 space before colon', 'HTTP/1.1 200 OK\r\nX : a\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    ['RFC 9110 §5.5 NUL', 'HTTP/1.1 200 OK\r\nX: a\0\r\n\r\n', 'RIT_ERR_UPSTREAM_PROTOCOL'],
    [
      '§6.3 both framings',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      'RIT_ERR_UPSTREAM_PROTOCOL',
    ],
    [
      'header section beyond the limit',
      `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(998)}\r\n\r\n`,
      'RIT_ERR_UPSTREAM_HEAD_TOO_LARGE',
    ],
    ['status line without end', `HTTP/1.1 200 ${'a'.repeat(2000)}`, 'RIT_ERR_UPSTREAM_PROTOCOL'],
  ];
  for (const [name, text, code] of refused) {
    it.each(sizes)(`refuses ${name}, in chunks of %i`, (size) => {
      expect(read(text, 'none', 0, size)).toMatchObject({ state: RESPONSE.FAILED, code });
    });
  }

  it.each(sizes)('takes a header section of exactly the limit, in chunks of %i', (size) => {
    const text = `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(997)}\r\n\r\n`;
    expect(read(text, 'none', 0, size).code).toBeNull();
  });

  it('refuses malformed chunks', () => {
    const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n';
    expect(read(text, 'chunked', 0, 100).code).toBe('RIT_ERR_UPSTREAM_PROTOCOL');
  });

  it('leaves the bytes after a complete response alone', () => {
    const parser = new ResponseParser(1000);
    const chunk = Buffer.from(
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 500 x\r\n\r\n',
    );
    parser.readHead(chunk, 0);
    parser.expectBody('length', 2);
    const chunks: string[] = [];
    parser.readBody(chunk, parser.offset, { onBody: (p) => void chunks.push(String(p)) });
    expect(chunks).toEqual(['hi']);
    expect(chunk.subarray(parser.offset).toString()).toBe('HTTP/1.1 500 x\r\n\r\n');
    parser.begin(1000);
    expect(parser.readHead(chunk, parser.offset)?.status).toBe(500);
    parser.free();
  });
});

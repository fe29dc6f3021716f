/**
 * What a backend can do wrong, by name. Each begins when the head of a request has been read; what it
 * does with the rest of the connection is its own business.
 */
import { turn } from './guard.ts';
import type { RequestHeadSeen } from './request-reader.ts';
import { response } from './script-steps.ts';
import type { OriginConnection } from './scripted-origin.ts';

export interface Misbehaviour {
  /** What happens, in a sentence. */
  readonly about: string;
  readonly run: (connection: OriginConnection, head: RequestHeadSeen) => unknown;
}

const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const ok = 'HTTP/1.1 200 OK';

/** Sends bytes and leaves the connection open. */
const sends = (about: string, bytes: string): Misbehaviour => ({
  about,
  run: (connection) => connection.send(bytes),
});

/** Sends bytes, then a FIN. */
const sendsAndEnds = (about: string, bytes: string): Misbehaviour => ({
  about,
  run: async (connection) => {
    await connection.send(bytes);
    connection.end();
  },
});

/** Sends bytes, then an RST, once the peer's side has had a chance to read them. */
const sendsAndResets = (about: string, bytes: string): Misbehaviour => ({
  about,
  run: async (connection) => {
    await connection.send(bytes);
    await pause(connection, 20);
    connection.reset();
  },
});

/** Sends a piece again and again until the peer has left. */
const sendsForEver = (about: string, first: string, piece: string, ms = 0): Misbehaviour => ({
  about,
  run: async (connection) => {
    if (first !== '') await connection.send(first);
    // Writes that the kernel takes at once would otherwise leave the event loop no turn.
    while (await connection.send(piece)) await (ms > 0 ? pause(connection, ms) : turn());
  },
});

const sendsSlowly = (about: string, first: string, bytes: string): Misbehaviour => ({
  about,
  run: async (connection) => {
    await connection.send(first);
    for (const byte of bytes) {
      await pause(connection, 50);
      if (!(await connection.send(byte))) return;
    }
  },
});

/** Waits so long, or until the connection closes. */
function pause(connection: OriginConnection, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      connection.socket.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    connection.socket.once('close', done);
  });
}

/** Reads the body that belongs to the first head, answers, and goes on with further requests. */
async function answer(
  connection: OriginConnection,
  first: RequestHeadSeen,
  bytes: Buffer | string,
): Promise<void> {
  await connection.expectBody(first);
  await connection.send(bytes);
}

/** Takes a second request on the connection, if there is one. */
async function anotherHead(connection: OriginConnection): Promise<RequestHeadSeen | null> {
  return (await connection.reader.hasMore()) ? connection.expectHead() : null;
}

const many = (count: number, line: string): string[] =>
  Array.from({ length: count }, (_, nth) => `x-${nth}: ${line}`);

// biome-ignore format: a table
const table = {
  // Ends that come too early.
  'truncated-length': sendsAndEnds('10 bytes of 100, then FIN', `${head(ok, 'content-length: 100')}0123456789`),
  'truncated-length-reset': sendsAndResets('10 bytes of 100, then RST', `${head(ok, 'content-length: 100')}0123456789`),
  'truncated-chunked': sendsAndEnds('a chunk, no last chunk, then FIN', `${head(ok, 'transfer-encoding: chunked')}3\r\nabc\r\n`),
  'truncated-chunk': sendsAndEnds('FIN inside a chunk', `${head(ok, 'transfer-encoding: chunked')}10\r\nabc`),
  'truncated-chunked-reset': sendsAndResets('a chunk, no last chunk, then RST', `${head(ok, 'transfer-encoding: chunked')}3\r\nabc\r\n`),
  'truncated-trailers': sendsAndEnds('FIN inside the trailers', `${head(ok, 'transfer-encoding: chunked')}3\r\nabc\r\n0\r\nx-t: `),
  'truncated-head': sendsAndEnds('FIN inside the head', `${ok}\r\ncontent-le`),
  'fin-before-head': { about: 'FIN instead of a response', run: (connection) => connection.end() },
  'reset-before-head': { about: 'RST instead of a response', run: (connection) => connection.reset() },
  'until-close': sendsAndEnds('a body that ends with the connection; no fault', `${head(ok)}until the end`),
  'until-close-reset': sendsAndResets('a body that should end with FIN and ends with RST', `${head(ok)}until the end`),

  // Heads that are none.
  'bad-status-line': sends('a status line without a version', 'OK 200\r\n\r\n'),
  'bad-status-code': sends('a status of two digits', 'HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n'),
  'big-status-code': sends('a status of four digits', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n'),
  'status-99': sends('a status below 100', 'HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n'),
  'bad-version': sends('HTTP/2.0 in a status line', 'HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n'),
  'another-protocol': sends('the greeting of a mail server', '220 mail.example ESMTP\r\n'),
  'tls-alert': sends('a TLS alert', '\x15\x03\x01\x00\x02\x02\x28'),
  'reason-control': sends('a control character in the reason', 'HTTP/1.1 200 O\x01K\r\ncontent-length: 0\r\n\r\n'),
  'bad-header': sends('a field line without a colon', head(ok, 'content-length: 0', 'nonsense')),
  'space-before-colon': sends('a space before a colon', head(ok, 'x-a : b', 'content-length: 0')),
  'empty-name': sends('a field without a name', head(ok, ': b', 'content-length: 0')),
  'obs-fold': sends('a folded field', head(ok, 'x-a: b', ' c', 'content-length: 0')),
  'bare-lf': sends('lines that end with a bare LF', `${ok}\ncontent-length: 0\n\n`),
  'bare-lf-in-value': sends('a bare LF in a value, and a field after it', head(ok, 'x-a: b\nset-cookie: stolen=1', 'content-length: 0')),
  'bare-cr-in-value': sends('a bare CR in a value', head(ok, 'x-a: b\rset-cookie: stolen=1', 'content-length: 0')),
  'control-character': sends('a control character in a value', head(ok, 'x-a: b\x01', 'content-length: 0')),
  'nul': sends('NUL in a value', head(ok, 'x-a: b\0c', 'content-length: 0')),
  'del': sends('DEL in a value', head(ok, 'x-a: b\x7f', 'content-length: 0')),
  'bad-name': sends('a byte above 0x7f in a name', head(ok, 'x-\xe9: b', 'content-length: 0')),

  // Heads that are too much.
  'oversize-line': sends('one field of 100 000 bytes', head(ok, `x-a: ${'a'.repeat(100_000)}`, 'content-length: 0')),
  'oversize-head': sends('200 fields of 1000 bytes', head(ok, ...many(200, 'a'.repeat(1000)), 'content-length: 0')),
  'many-headers': sends('5000 small fields', head(ok, ...many(5000, 'a'), 'content-length: 0')),
  'endless-head': sendsForEver('fields until the peer leaves', `${ok}\r\n`, `x-a: ${'a'.repeat(4000)}\r\n`),
  'endless-reason': sendsForEver('a reason without end', ok, 'a'.repeat(4000)),
  'oversize-trailers': sends('trailers of 200 000 bytes', `${head(ok, 'transfer-encoding: chunked')}0\r\n${head(...many(200, 'a'.repeat(1000)))}`),

  // Framing that can be read in two ways.
  'repeated-length-same': sends('two equal lengths', `${head(ok, 'content-length: 3', 'content-length: 3')}abc`),
  'repeated-length-different': sends('two lengths', `${head(ok, 'content-length: 3', 'content-length: 0')}abc`),
  'length-list': sends('a list of lengths', `${head(ok, 'content-length: 3, 3')}abc`),
  'bad-length': sends('a signed length', `${head(ok, 'content-length: +3')}abc`),
  'huge-length': sends('a length of twenty digits', `${head(ok, 'content-length: 99999999999999999999')}abc`),
  'length-and-chunked': sends('both framing fields', `${head(ok, 'content-length: 3', 'transfer-encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`),
  'gzip-coding': sendsAndEnds('a coding that is no chunked', `${head(ok, 'transfer-encoding: gzip')}abc`),
  'chunked-not-last': sendsAndEnds('chunked and then gzip', `${head(ok, 'transfer-encoding: chunked, gzip')}3\r\nabc\r\n0\r\n\r\n`),
  'chunked-twice': sends('chunked in two fields', `${head(ok, 'transfer-encoding: chunked', 'transfer-encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`),
  'chunked-1.0': sendsAndEnds('chunked on HTTP/1.0', `${head('HTTP/1.0 200 OK', 'transfer-encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`),
  'bad-chunk-size': sends('a chunk size that is no number', `${head(ok, 'transfer-encoding: chunked')}3\r\nabc\r\nxyz\r\n`),
  'bad-chunk-end': sends('a chunk without its CRLF', `${head(ok, 'transfer-encoding: chunked')}3\r\nabcXX0\r\n\r\n`),
  'long-extension': sendsForEver('a chunk extension without end', `${head(ok, 'transfer-encoding: chunked')}3;`, 'a'.repeat(4000)),

  // Bodies where none may be.
  'head-with-body': sends('a body in answer to any method, HEAD too', `${head(ok, 'content-length: 3')}abc`),
  '204-with-length': sends('a length in a 204', `${head('HTTP/1.1 204 No Content', 'content-length: 3')}`),
  '204-with-body': sends('a body after a 204', `${head('HTTP/1.1 204 No Content', 'content-length: 3')}abc`),
  '204-chunked': sends('a chunked 204', `${head('HTTP/1.1 204 No Content', 'transfer-encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`),
  '304-with-length': sends('a length in a 304; no fault', head('HTTP/1.1 304 Not Modified', 'content-length: 3')),
  '304-with-body': sends('a body after a 304', `${head('HTTP/1.1 304 Not Modified', 'content-length: 3')}abc`),
  'extra-bytes': sends('bytes after the body', `${head(ok, 'content-length: 3')}abcdefghi`),

  // Interim responses.
  'unsolicited-101': sends('101 that nobody asked for', head('HTTP/1.1 101 Switching Protocols', 'upgrade: x', 'connection: upgrade')),
  'unsolicited-100': { about: '100 that nobody waits for, then a response', run: (connection, first) => answer(connection, first, `${head('HTTP/1.1 100 Continue')}${response(200, 'abc').toString('latin1')}`) },
  'flood-100': sendsForEver('100 without end', '', head('HTTP/1.1 100 Continue').repeat(100)),
  'flood-103': sendsForEver('103 without end', '', head('HTTP/1.1 103 Early Hints', `link: <${'a'.repeat(1000)}>`)),
  'drip-102': sendsForEver('a 102 every 50 ms, for ever', '', head('HTTP/1.1 102 Processing'), 50),
  'hints-then-answer': { about: 'three 103, then a response; no fault', run: (connection, first) => answer(connection, first, `${head('HTTP/1.1 103 Early Hints', 'link: </a>').repeat(3)}${response(200, 'abc').toString('latin1')}`) },

  // Time.
  'silent': { about: 'reads, and answers nothing', run: (connection, first) => connection.expectBody(first) },
  'silent-body': sends('a head and no body', head(ok, 'content-length: 3')),
  'stalled-body': sends('half a body and nothing more', `${head(ok, 'content-length: 6')}abc`),
  'slow-head': sendsSlowly('a head, a byte every 50 ms', '', `${head(ok, 'content-length: 3')}abc`),
  'slow-body': sendsSlowly('a body, a byte every 50 ms', head(ok, 'content-length: 100'), 'a'.repeat(100)),
  'endless-body': sendsForEver('a body without end', head(ok), 'a'.repeat(64_000)),
  'endless-chunks': sendsForEver('chunks of one byte without end', head(ok, 'transfer-encoding: chunked'), '1\r\na\r\n'.repeat(1000)),

  // Uploads.
  'early-413': { about: 'a 413 before the body is read, then FIN', run: async (connection) => { connection.pauseReading(); await connection.send(response(413, 'too large', ['connection: close'])); connection.end(); } },
  'early-413-open': { about: 'a 413 before the body is read; the connection stays', run: async (connection) => { await connection.send(response(413, 'too large')); connection.resumeReading(); } },
  'early-200-open': { about: 'a 200 before the body is read; the body is read later', run: async (connection, first) => { await connection.send(response(200, 'early')); await connection.expectBody(first); } },
  'never-reads': { about: 'reads nothing behind the head and answers nothing', run: (connection) => connection.pauseReading() },
  'reset-mid-upload': { about: 'RST after the first bytes of the body', run: async (connection) => { await connection.reader.some(); connection.reset(); } },
  'fin-mid-upload': { about: 'FIN after the first bytes of the body', run: async (connection) => { await connection.reader.some(); connection.end(); } },
  'reset-mid-body': sendsAndResets('a chunked body that breaks off with RST', `${head(ok, 'transfer-encoding: chunked')}3\r\nabc\r\n`),

  // The connection behind the response.
  'fin-after-response': { about: 'FIN right after a response that did not announce it', run: async (connection, first) => { await answer(connection, first, response(200, 'last')); connection.end(); } },
  'reset-after-response': { about: 'RST after a response that did not announce it', run: async (connection, first) => { await answer(connection, first, response(200, 'last')); await pause(connection, 20); connection.reset(); } },
  'close-announced': { about: 'connection: close and no FIN', run: (connection, first) => answer(connection, first, response(200, 'last', ['connection: close'])) },
  'racing-close': { about: 'takes a second request on the connection and closes without an answer', run: async (connection, first) => { await answer(connection, first, response(200, 'first')); if ((await anotherHead(connection)) !== null) connection.end(); } },
  'racing-reset': { about: 'takes a second request on the connection and resets it', run: async (connection, first) => { await answer(connection, first, response(200, 'first')); if ((await anotherHead(connection)) !== null) connection.reset(); } },
  'poison': { about: 'a second response right after the first', run: (connection, first) => answer(connection, first, Buffer.concat([response(200, 'yours'), response(200, 'poison')])) },
  'poison-later': { about: 'a second response 20 ms later, on the idle connection', run: async (connection, first) => { await answer(connection, first, response(200, 'yours')); await pause(connection, 20); await connection.send(response(200, 'poison')); } },
  'poison-408': { about: 'a 408 on the idle connection, then FIN, as some servers do', run: async (connection, first) => { await answer(connection, first, response(200, 'yours')); await pause(connection, 20); await connection.send(response(408, '', ['connection: close'])); connection.end(); } },
  'http10': sendsAndEnds('HTTP/1.0 with a length; no fault', `${head('HTTP/1.0 200 OK', 'content-length: 3')}abc`),
  'http10-until-close': sendsAndEnds('HTTP/1.0 to the end of the connection; no fault', `${head('HTTP/1.0 200 OK')}abc`),
  'http10-keep-alive': { about: 'HTTP/1.0 that stays open; no fault', run: (connection, first) => answer(connection, first, `${head('HTTP/1.0 200 OK', 'connection: keep-alive', 'content-length: 3')}abc`) },
} satisfies Record<string, Misbehaviour>;

export type MisbehaviourName = keyof typeof table;

/** Every misbehaviour by its name. */
export const misbehaviours: ReadonlyMap<string, Misbehaviour> = new Map(Object.entries(table));

/** All names, in the order of the table. */
export const misbehaviourNames = Object.keys(table) as readonly MisbehaviourName[];

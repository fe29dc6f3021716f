/** The steps that scripts are written with; see `scripted-origin.ts`. */
import type { BodyOptions } from './message-reader.ts';
import type { RawRequest } from './request-reader.ts';
import type { Script, Step } from './scripted-origin.ts';
import type { WritePieces } from './socket-writer.ts';

/** Reads a whole request and notes it. */
export const expectRequest =
  (options: BodyOptions = {}): Step =>
  (connection) =>
    connection.expectRequest(options);

/** Reads to the end of a head and leaves the body unread; the head is not judged. */
export const expectEndOfHead = (): Step => (connection) =>
  connection.reader.takeThrough('\r\n\r\n');

/** Reads so many bytes. */
export const expectBytes =
  (length: number): Step =>
  (connection) =>
    connection.reader.take(length);

/** Reads up to and with the delimiter. */
export const expectThrough =
  (delimiter: string): Step =>
  (connection) =>
    connection.reader.takeThrough(delimiter);

/** Reads until the predicate says how many of the unread bytes it takes. */
export const expectWhen =
  (enough: (unread: Buffer) => number | undefined): Step =>
  (connection) =>
    connection.reader.takeWhen(enough);

/** Writes, whole or in pieces. Text is latin1. */
export const send =
  (data: string | Uint8Array, options: WritePieces = {}): Step =>
  (connection) =>
    connection.send(data, options);

/** Waits for an event of the test's. The test's own guard bounds it. */
export const waitFor =
  (event: PromiseLike<unknown> | (() => PromiseLike<unknown>)): Step =>
  () =>
    typeof event === 'function' ? event() : event;

/** Waits until the peer has left. */
export const waitForPeerGone = (): Step => (connection) => connection.whenPeerGone();

/** Sends a FIN. The peer may go on writing. */
export const end = (): Step => (connection) => connection.end();

/** Sends an RST. */
export const reset = (): Step => (connection) => connection.reset();

/** Destroys the socket: a FIN, or an RST when bytes of the peer are unread. */
export const destroy = (): Step => (connection) => connection.destroy();

/** Reads no more. */
export const pauseReading = (): Step => (connection) => connection.pauseReading();

/** Reads again. */
export const resumeReading = (): Step => (connection) => connection.resumeReading();

/** Does the steps so many times. */
export const repeat =
  (times: number, ...steps: Step[]): Step =>
  async (connection) => {
    for (let i = 0; i < times; i += 1) for (const step of steps) await step(connection);
  };

/** What an answering origin sends for a request. */
export type Answer =
  | string
  | Uint8Array
  | ((request: RawRequest, nth: number) => string | Uint8Array);

/**
 * Reads requests and answers each, until the peer leaves between two of them. This is the recording
 * origin of most tests.
 */
export const answerEach =
  (answer: Answer, options: BodyOptions = {}): Step =>
  async (connection) => {
    for (let nth = 0; await connection.reader.hasMore(); nth += 1) {
      const request = await connection.expectRequest(options);
      await connection.send(typeof answer === 'function' ? answer(request, nth) : answer);
    }
  };

/** A response with a `content-length`; `fields` as complete lines without their CRLF. */
export function response(
  status: number,
  body: string | Uint8Array = '',
  fields: readonly string[] = [],
): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const lines = [`HTTP/1.1 ${status} Scripted`, ...fields, `content-length: ${bytes.length}`];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

/** A chunked response; `trailers` as complete lines without their CRLF. */
export function chunkedResponse(
  status: number,
  chunks: readonly string[],
  fields: readonly string[] = [],
  trailers: readonly string[] = [],
): Buffer {
  const lines = [`HTTP/1.1 ${status} Scripted`, ...fields, 'transfer-encoding: chunked'];
  const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  const end = ['0', ...trailers, '', ''].join('\r\n');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}${end}`, 'latin1');
}

/** A script from single steps, for readability. */
export const script = (...steps: Step[]): Script => steps;

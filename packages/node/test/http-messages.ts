/**
 * Cases of HTTP, and their messages, which are told as lists of lines. Joined by CRLF they are the bytes on the wire,
 * unless the content is chunked; then its pieces are joined, since the network may cut them anywhere.
 */
import type { Answer, RawRequest, RawResponse } from '@reverseit/test-servers';
import type { Script } from '@reverseit/test-servers/scripted-origin';
import type { Options } from './test-proxy.ts';

/** The lines of a message; the one behind the empty line is the content. */
export type Message = readonly string[];

/** One request, or several on a connection, and what becomes of them. */
export interface HttpCase {
  /** Begins with the deciding section. */
  readonly name: string;
  readonly options?: Options;
  /** What the client sends, latin1. */
  readonly send: string | Uint8Array;
  /** What the backend answers to each request. Default: 200 with the content `ok`. */
  readonly answer?: Answer;
  /** What the backend does on its first connection, instead. */
  readonly script?: Script;
  /** Methods that the responses answer, where the first one's is not that of all. */
  readonly methods?: readonly string[];
  /** What the client gets. */
  readonly got: readonly Message[];
  /**
   * What becomes of the client's connection: it serves another request (the default), ends with a FIN,
   * or is reset.
   */
  readonly fate?: 'kept' | 'closed' | 'reset';
  /** Target of the request that shows that a connection is kept; ends with `/again`. */
  readonly again?: string;
  /** What the backend sees, in all. */
  readonly seen: readonly Message[];
  /** False: what the case shows is of HTTP/1.1. */
  readonly overHttp2?: false;
}

export const defaultAgain = '/again';

/** A response and the interim ones before it, as lists of lines. A date of today is `now`. */
export function responseLines(answered: RawResponse): Message[] {
  const interim = answered.interim.map((head) => [
    `HTTP/${head.version} ${head.status} ${head.reason}`,
    ...head.fields.map(fieldLine),
    '',
    '',
  ]);
  const { version, status, reason, fields, trailers } = answered;
  const lines = [`HTTP/${version} ${status} ${reason}`, ...fields.map(fieldLine), ''];
  lines.push(answered.body.toString('latin1'), ...trailers.map(fieldLine));
  return [...interim, lines];
}

/** A request as a list of lines. */
export function requestLines(request: RawRequest): Message {
  const { method, target, version, fields, trailers } = request;
  const lines = [`${method} ${target} HTTP/${version}`, ...fields.map(([n, v]) => `${n}: ${v}`)];
  lines.push('', request.body.toString('latin1'), ...trailers.map(([n, v]) => `${n}: ${v}`));
  return lines;
}

const fieldLine = ([name, value]: readonly [string, string]): string =>
  withoutDates(`${name}: ${value}\r\n`).slice(0, -2);

const dates = /^date: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)\r\n/gm;

/** RFC 9110 §5.6.7: the date that the proxy adds; it must be right. */
export function withoutDates(text: string): string {
  return text.replace(dates, (line, date: string) => {
    const age = Math.abs(Date.now() - Date.parse(date));
    return age < 10_000 && new Date(date).toUTCString() === date ? 'date: now\r\n' : line;
  });
}

/** A request as bytes: the first line, Host, the other fields, the content. */
export function request(line: string, fields: readonly string[] = [], content = ''): string {
  return [`${line} HTTP/1.1`, 'Host: a', ...fields, '', content].join('\r\n');
}

/** What the backend sees of a request: the fields of the hop stand around the client's. */
export function seen(line: string, fields: readonly string[] = [], content?: string): Message {
  const lines = [`${line} HTTP/1.1`, 'host: {origin}', 'connection: keep-alive', ...fields];
  return [...lines, '', content ?? ''];
}

/** A response as the client sees it, in the order in which the proxy writes: fields, date, framing. */
export function got(status: string, fields: readonly string[], content = ''): Message {
  return [`HTTP/1.1 ${status}`, ...fields, '', content];
}

/** What the client sees of the default answer. */
export const ok: Message = got('200 Scripted', ['content-length: 2', 'date: now'], 'ok');

/** The same, on a connection that ends. */
export const okAndClose: Message = got(
  '200 Scripted',
  ['content-length: 2', 'date: now', 'connection: close'],
  'ok',
);

/** A refusal by the proxy that ends the connection. */
export function refused(status: string, extra: readonly string[] = []): Message {
  const text = `${status}\n`;
  return got(
    status,
    [
      'content-type: text/plain; charset=utf-8',
      ...extra,
      'date: now',
      `content-length: ${text.length}`,
      'connection: close',
    ],
    text,
  );
}

/** A refusal that leaves the connection open. */
export function declined(status: string, extra: readonly string[] = []): Message {
  return refused(status, extra).filter((line) => line !== 'connection: close');
}

/** The answer of the option `errorResponse`, as it is without the option. */
export function badGateway(extra: readonly string[] = []): Message {
  return got(
    '502 Bad Gateway',
    ['content-type: text/plain; charset=utf-8', 'date: now', 'content-length: 11', ...extra],
    'Bad Gateway',
  );
}

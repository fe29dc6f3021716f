/** What a flood is, and the words that many of them are made of. */
import type { ReverseItOptions } from '@reverseit/node';
import type { Counts, Dialect, FloodConnection } from './connection.ts';
import type { Http2Hostility } from './http2-backend.ts';

export interface Flood {
  readonly name: string;
  /** What each of its connections does. */
  readonly what: string;
  /** Called with each connection, once it is there. */
  readonly start: (connection: FloodConnection) => void;
  /** Options of ReverseIt that it is about. Default: none. */
  readonly options?: Partial<ReverseItOptions>;
  /** Whether the listener speaks TLS, and how the attacker speaks. Default: without TLS. */
  readonly tls?: true;
  readonly client?: Dialect;
  /** What the backend does over HTTP/2. Default: it speaks HTTP/1.1. */
  readonly http2?: Http2Hostility;
  /** Connections where there are many. Default: 50. One whose point is their number is not in the check. */
  readonly many?: number;
  /** Shortest time, in seconds, for one that has to see a timeout. */
  readonly seconds?: number;
  /** Whether a connection that ends is the last; otherwise another follows it. */
  readonly stays?: true;
  /** What the check lets a typical turn take, in ms of CPU time, where Node itself cannot be cut short. */
  readonly typicalTurn?: number;
  /** Whether no backend hears of it: one transport tells all. */
  readonly local?: true;
  /** Whether nginx and HAProxy have nothing of the kind. */
  readonly ours?: true;
  /** What must hold of the answers; undefined where it does. */
  readonly fault?: (counts: Counts) => string | undefined;
}

/** Paths below this one go to the backend that takes part; its rest is what the backend sees. */
export const prefix = '/x';
/** This path is answered by the proxy itself. */
export const respondPath = '/respond';

export const requestHead = (line: string, ...fields: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: a', ...fields, '', ''].join('\r\n');

export const get = (path: string, ...fields: readonly string[]): string =>
  requestHead(`GET ${prefix}${path}`, ...fields);

export const post = (...fields: readonly string[]): string =>
  requestHead(`POST ${prefix}/`, ...fields);

export const chunkedPost = post('Transfer-Encoding: chunked');

/** Of the handshake; the backend's answer is the sink's if nothing else is said. */
export const handshake = (path = '/hostile/sink', ...fields: readonly string[]): string =>
  get(
    path,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...fields,
  );

/** A flood that sends a beginning, then the same over and over. */
export const pouring =
  (beginning: Buffer | string, piece: Buffer | string) =>
  (connection: FloodConnection): void => {
    if (beginning.length > 0) connection.send(beginning);
    connection.pour(piece);
  };

/** The same without reading what comes back. */
export const pouringUnread =
  (beginning: Buffer | string, piece: Buffer | string) =>
  (connection: FloodConnection): void => {
    connection.pause();
    pouring(beginning, piece)(connection);
  };

/** For floods that wait for a timeout, in ms. */
export const timeout = 1000;
export const secondsForTimeouts = 2.5;

/** Every connection got this answer. */
export const allAnswered =
  (answer: string) =>
  ({ connections, answers }: Counts): string | undefined =>
    answers[answer] === connections
      ? undefined
      : `${answers[answer] ?? 0} of ${connections} got ${answer}`;

/** Nothing but these answers was given. */
export const onlyAnswers =
  (...allowed: readonly string[]) =>
  ({ answers }: Counts): string | undefined =>
    Object.keys(answers).every((answer) => allowed.includes(answer))
      ? undefined
      : `answers ${JSON.stringify(answers)}`;

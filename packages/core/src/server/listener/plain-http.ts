/**
 * A client that speaks HTTP to a port where TLS is spoken is told so, in the only way it understands.
 * OpenSSL knows such bytes by their beginning, so that nobody has to look at those of the others first.
 */
import type { TLSSocket } from 'node:tls';
import { catalog } from '../../errors/catalog.ts';
import { fieldLines, type ReadonlyFieldSection } from '../../http/field-section.ts';
import { statusLine } from '../../http1/grammar/status-line.ts';
import { ignoreError } from '../../io/ignore-error.ts';
import { Deadline, type Deadlines, type DeadlineTarget } from '../../time/deadlines.ts';
import { httpDate } from '../exchange/http-date.ts';
import type { Rejection } from '../exchange/rejected-request.ts';
import { socketBelow } from './socket-below.ts';

/** How long the client may take to read it, in ms. */
const maxAnswerTime = 5000;

const status = 400;
const text = `${catalog.RIT_ERR_PLAIN_HTTP.text}\n`;

/** Whether a handshake failed since its first bytes are a request of HTTP. */
export function isPlainHttp(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ERR_SSL_HTTP_REQUEST' || code === 'ERR_SSL_HTTPS_PROXY_REQUEST';
}

/** Answers with 400, in plain text, and ends the connection. */
export class PlainHttpRefusal implements DeadlineTarget {
  /** What the client is told. */
  static readonly answer: Rejection = Object.freeze({ status, bytesSent: text.length });

  readonly #socket: TLSSocket;
  readonly #deadline = new Deadline(this, 0);

  /** The answer carries `fields` as well. */
  constructor(socket: TLSSocket, deadlines: Deadlines, fields: ReadonlyFieldSection) {
    this.#socket = socket;
    const below = socketBelow(socket);
    if (below === null || below.destroyed) {
      socket.destroy();
      return;
    }
    deadlines.queue(maxAnswerTime).arm(this.#deadline);
    below.on('error', ignoreError).on('close', () => this.#deadline.clear());
    below.end(response(fields), 'latin1', () => this.onDeadline());
  }

  /** The answer has left, or has had its time. */
  onDeadline(): void {
    this.#deadline.clear();
    socketBelow(this.#socket)?.destroy();
    this.#socket.destroy();
  }
}

function response(fields: ReadonlyFieldSection): string {
  return `${statusLine(status, '')}content-type: text/plain; charset=utf-8\r
date: ${httpDate()}\r
content-length: ${text.length}\r
connection: close\r
${fieldLines(fields)}\r
${text}`;
}

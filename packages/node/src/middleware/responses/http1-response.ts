import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  type FieldSection,
  fieldLines,
  fieldsWhere,
  type ReadonlyFieldSection,
  reasonPhrase,
} from '@reverseit/core/http';
import { statusLine } from '@reverseit/core/http1';
import { cutSocket } from '@reverseit/core/internal/server';
import { awaitsContinue } from '../../node-internals/sent-continue.ts';
import { linesByName } from '../fields/field-lines.ts';
import { isEventStream, joinLists, keepDisposition } from '../fields/response-fields.ts';
import { endAtOnce, lingerAtEnd } from './lingering-end.ts';
import type { Flushable, ResponseSide } from './response-side.ts';

/** Fields that the application may have set, and Node would frame the response by. */
const framingFields = fieldsWhere(({ framing }) => framing);

const { writeHead: ownWriteHead, write: ownWrite } = ServerResponse.prototype;

/** A response of `node:http` or `node:https`. */
export class Http1Response implements ResponseSide {
  readonly multiplexed = false;
  readonly #response: ServerResponse & Flushable;
  /** Node takes it away from a response that has ended. */
  readonly #socket: Socket | null;
  #flushed = false;
  /** Whoever holds the body back is told not to, after each chunk. */
  #flushes = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#socket = response.socket;
  }

  get pending(): number {
    return this.#response.writableLength;
  }

  /** Of the socket: who wraps the response may hold bytes that Node has not heard of yet. */
  get taken(): number {
    return this.#socket === null ? 0 : this.#socket.bytesWritten - this.#socket.writableLength;
  }

  sendContinue(): void {
    if (awaitsContinue(this.#response)) this.#response.writeContinue();
  }

  sendInterim(status: number, fields: ReadonlyFieldSection): void {
    // Past the response: Node knows two of them by name, takes no others, and no Link but of one form.
    const { headersSent, socket } = this.#response;
    if (headersSent || socket === null) return;
    socket.write(`${statusLine(status, '')}${fieldLines(fields)}\r\n`, 'latin1');
  }

  writeHead(
    status: number,
    reason: string,
    fields: ReadonlyFieldSection,
    framing: ReadonlyFieldSection,
  ): void {
    const response = this.#response;
    for (const name of framingFields) if (response.hasHeader(name)) response.removeHeader(name);
    this.#flushes = response.flush !== undefined && isEventStream(fields);
    const all = [...fields, ...framing];
    joinLists(all, response);
    keepDisposition(all);
    const phrase = reason === '' ? reasonPhrase(status) : reason;
    if (response.writeHead === ownWriteHead) {
      // As a list: order, case and repetition are kept.
      response.writeHead(status, phrase, all);
    } else this.#writeWrappedHead(status, phrase, all);
  }

  /**
   * Others have put their own `writeHead` before Node's, such as `on-headers`, whose versions before 1.1
   * misread lists. What they all know is fields by name.
   */
  #writeWrappedHead(status: number, phrase: string, fields: FieldSection): void {
    for (const { name, lines } of linesByName(fields).values()) {
      const [only = ''] = lines;
      this.#response.setHeader(name, lines.length === 1 ? only : lines);
    }
    this.#response.writeHead(status, phrase);
  }

  flushHead(): void {
    if (this.#flushed) return;
    this.#flushed = true;
    // Not `flushHeaders`, which writes bytes beyond ASCII as UTF-8; and past those who wrap `write`, since
    // the head is made by now. A response without a body leaves with its end.
    ownWrite.call(this.#response, '', 'latin1');
  }

  write(chunk: Buffer): boolean {
    this.#flushed = true;
    const more = this.#response.write(chunk);
    if (this.#flushes) this.#response.flush?.();
    return more;
  }

  end(trailers: ReadonlyFieldSection): void {
    this.#flushed = true;
    if (trailers.length > 0) this.#response.addTrailers(pairs(trailers));
    this.#response.end();
  }

  lingerAtEnd(): void {
    if (this.#socket !== null) lingerAtEnd(this.#socket);
  }

  endAtOnce(): void {
    if (this.#socket !== null) endAtOnce(this.#socket);
  }

  dropRequest(): void {
    // After our own end a reset is only left to the system.
    if (this.#socket?.writableEnded) this.#socket.destroy();
    else this.cut();
  }

  cut(): void {
    if (this.#socket !== null) cutSocket(this.#socket);
  }
}

function pairs(fields: ReadonlyFieldSection): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) {
    list.push([fields[i] as string, fields[i + 1] as string]);
  }
  return list;
}

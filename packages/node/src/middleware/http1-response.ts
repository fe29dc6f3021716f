import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { cutSocket, fieldLines, statusLine } from '@reverseit/core';
import { type ReadonlyFieldSection, reasonPhrase } from '@reverseit/core/http';
import type { ResponseSide } from './response-side.ts';

/** Fields that the application may have set, and Node would frame the response by. */
const framingFields = ['content-length', 'transfer-encoding', 'trailer'] as const;

/** A response of `node:http` or `node:https`. */
export class Http1Response implements ResponseSide {
  readonly multiplexed = false;
  readonly #response: ServerResponse;
  /** Node takes it away from a response that has ended. */
  readonly #socket: Socket | null;
  #flushed = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#socket = response.socket;
  }

  get pending(): number {
    return this.#response.writableLength;
  }

  sendContinue(): void {
    // Node has done it unless the request came by `checkContinue`; nothing else tells.
    const { _sent100: sent } = this.#response as { readonly _sent100?: boolean };
    if (sent === false) this.#response.writeContinue();
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
    // As a list: order, case and repetition are kept.
    const lines = [...fields, ...framing];
    response.writeHead(status, reason === '' ? reasonPhrase(status) : reason, lines);
  }

  flushHead(): void {
    if (this.#flushed) return;
    this.#flushed = true;
    this.#response.flushHeaders();
  }

  write(piece: Buffer): boolean {
    this.#flushed = true;
    return this.#response.write(piece);
  }

  end(trailers: ReadonlyFieldSection): void {
    this.#flushed = true;
    if (trailers.length > 0) this.#response.addTrailers(pairs(trailers));
    this.#response.end();
  }

  dropRequest(): void {
    this.cut();
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

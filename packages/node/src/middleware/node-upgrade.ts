/**
 * An exchange over what a server of Node gives with `upgrade`: a request and the bare socket. An answer
 * other than a switch of protocols is written by a response of Node, and ends the connection.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SwitchedSocket, Tunnel } from '@reverseit/core';
import { fieldLines, type ReadonlyFieldSection } from '@reverseit/core/http';
import { type RequestHead, type RequestHeadLimits, statusLine } from '@reverseit/core/http1';
import { ignoreError } from '@reverseit/core/internal';
import { BodyBuffer } from '../proxy/http/body-buffer.ts';
import { NodeExchange } from './node-exchange.ts';
import type { OpenExchanges } from './open-exchanges.ts';
import { isLeftUnread, UpgradeBody } from './upgrade-body.ts';

/** Bytes after the request that are held unless it is said how many; beyond them the socket is paused. */
const maxHeld = 65536;

export class NodeUpgrade extends NodeExchange {
  readonly #owner: OpenExchanges;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  /** Where that comes from which follows the request. */
  readonly #stream: Duplex;
  /** Body bytes that Node has left on the socket. */
  readonly #body: UpgradeBody | null;
  readonly #listeners = {
    data: (chunk: Buffer) => this.#onData(chunk),
    drain: () => this.onDrain(),
    // Who ends its side now does not want the switch any more.
    end: () => this.#socket.destroy(),
    // Node 26 tells a request of the kind nothing of it.
    close: () => this.onRequestOver(),
  };
  /** What the client sent after its request. */
  readonly #early = new BodyBuffer();
  #held = 0;
  #maxHeld = maxHeld;

  /** `head` has been checked, `early` are the bytes that came with it. `limits` hold for trailers. */
  constructor(
    owner: OpenExchanges,
    head: RequestHead,
    request: IncomingMessage,
    stream: Duplex,
    early: Buffer,
    limits: RequestHeadLimits,
  ) {
    // What follows is no request: whatever the answer, it is the last.
    head.persistent = false;
    const socket = stream instanceof Socket ? stream : request.socket;
    const isUnread = head.contentLength !== 0 && isLeftUnread(request, stream);
    const body = isUnread ? new UpgradeBody(socket, head, limits) : null;
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    super(owner, head, body ?? request, response);
    this.#owner = owner;
    this.#response = response;
    this.#socket = socket;
    this.#stream = stream;
    this.#body = body;
    const { drain, close } = this.#listeners;
    socket.on('error', ignoreError).on('drain', drain).on('close', close);
    response.on('finish', () => this.#endConnection());
    // The body is delivered once its handler is there, and before all that follows.
    if (body === null) this.#hold(early);
    else process.nextTick(this.#listeners.data, early);
    // To read a stream of Node's is to drain the body before it.
    if (stream === socket) this.#listen();
    else request.on('end', () => this.#listen());
  }

  #listen(): void {
    const { data, end } = this.#listeners;
    this.#stream.on('data', data).on('end', end);
  }

  override setEarlyDataLimit(bytes: number): void {
    this.#maxHeld = Math.max(maxHeld, bytes);
  }

  #onData(chunk: Buffer): void {
    if (this.done) return;
    const body = this.#body;
    const rest = body === null ? chunk : body.feed(chunk);
    if (body !== null && body.fault !== null) {
      this.rejectBody(body.fault);
      return;
    }
    if (rest.length > 0) this.#hold(rest);
    if (this.#held >= this.#maxHeld) this.#stream.pause();
  }

  #hold(bytes: Buffer): void {
    this.#early.push(bytes);
    this.#held += bytes.length;
  }

  override switchProtocols(fields: ReadonlyFieldSection, tunnel: Tunnel): SwitchedSocket {
    this.beginSwitch(fields, tunnel);
    const socket = this.#socket;
    const stream = this.#stream;
    const { data, drain, end, close } = this.#listeners;
    stream.pause();
    stream.off('data', data).off('end', end);
    socket.off('drain', drain).off('close', close);
    this.#response.detachSocket(socket);
    socket.write(`${statusLine(101, '')}${fieldLines(fields)}\r\n`, 'latin1');
    this.#owner.switch(tunnel, socket);
    this.release();
    // The application may listen to it as well.
    return { socket: stream, early: this.#early.takeWhole(), exclusive: false };
  }

  /** Here it is for us to end the connection, and not before the client could read the response. */
  protected override finish(trailers: ReadonlyFieldSection): void {
    this.forgetBody();
    super.finish(trailers);
  }

  /** After the answer: so that the client can read it, what still comes is dropped for a while. */
  #endConnection(): void {
    this.#socket.end();
    this.#stream.resume();
    this.armDiscard();
  }

  protected override release(): void {
    super.release();
    this.#body?.destroy();
  }
}

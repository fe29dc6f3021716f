/**
 * An exchange over what a server of Node gives with `upgrade`: a request and the bare socket. An answer
 * other than a switch of protocols is written by a response of Node, and ends the connection.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  fieldLines,
  type RequestHead,
  type SwitchedSocket,
  statusLine,
  type Tunnel,
} from '@reverseit/core';
import type { ReadonlyFieldSection } from '@reverseit/core/http';
import { ContentBuffer } from '../proxy/content-buffer.ts';
import { NodeExchange } from './node-exchange.ts';
import type { OpenExchanges } from './open-exchanges.ts';

/** Bytes behind the request that are held unless it is said how many; beyond them the socket is paused. */
const mostHeld = 65536;

export class NodeUpgrade extends NodeExchange {
  readonly #owner: OpenExchanges;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #listeners = {
    data: (chunk: Buffer) => this.#onData(chunk),
    drain: () => this.onDrain(),
    // Who ends its side now does not want the switch any more.
    end: () => this.#socket.destroy(),
  };
  /** What the client sent behind its request. */
  readonly #early = new ContentBuffer();
  #held = 0;
  #mostHeld = mostHeld;

  /** `early` are the bytes that came with the request. */
  constructor(
    owner: OpenExchanges,
    head: RequestHead,
    request: IncomingMessage,
    socket: Socket,
    early: Buffer,
  ) {
    // What follows is no request: whatever the answer, it is the last.
    head.persistent = false;
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    super(owner, head, request, response);
    this.#owner = owner;
    this.#response = response;
    this.#socket = socket;
    this.#hold(early);
    socket.on('error', ignore);
    const { data, drain, end } = this.#listeners;
    socket.on('data', data).on('drain', drain).on('end', end);
    response.on('finish', () => this.#endConnection());
  }

  override holdUpTo(bytes: number): void {
    this.#mostHeld = Math.max(mostHeld, bytes);
  }

  #onData(chunk: Buffer): void {
    if (this.done) return;
    this.#hold(chunk);
    if (this.#held >= this.#mostHeld) this.#socket.pause();
  }

  #hold(bytes: Buffer): void {
    this.#early.push(bytes);
    this.#held += bytes.length;
  }

  override switchProtocols(fields: ReadonlyFieldSection, tunnel: Tunnel): SwitchedSocket {
    this.beginSwitch(fields, tunnel);
    const socket = this.#socket;
    const { data, drain, end } = this.#listeners;
    socket.pause();
    socket.off('data', data).off('drain', drain).off('end', end);
    this.#response.detachSocket(socket);
    socket.write(`${statusLine(101, '')}${fieldLines(fields)}\r\n`, 'latin1');
    this.#owner.switch(tunnel, socket);
    this.release();
    // The application may listen to it as well.
    return { socket, early: this.#early.takeWhole(), exclusive: false };
  }

  /** Behind the answer: so that the client can read it, what still comes is dropped for a while. */
  #endConnection(): void {
    this.#socket.end();
    this.#socket.resume();
    this.armDiscard();
  }
}

function ignore(): void {
  // `close` follows.
}

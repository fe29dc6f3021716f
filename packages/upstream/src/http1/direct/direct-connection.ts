/** A connection of our own: nothing lies between an exchange and the socket. */
import type { Socket } from 'node:net';
import type { FieldSection, HeaderSection } from '@reverseit/core/http';
import { allowReading } from '@reverseit/core/internal';
import type { DispatchedExchange } from '../../exchange/dispatched-exchange.ts';
import { connectionLines, requestHead } from '../../exchange/message/request-head.ts';
import { ReadingConnection } from '../reading-connection.ts';
import { RequestWriter } from './request-writer.ts';

export class DirectConnection extends ReadingConnection {
  #writer: RequestWriter | null = null;
  /** Head of a request that waits for the socket, or for its turn. */
  #waitingHead = '';

  // ————— The request.

  protected send(exchange: DispatchedExchange): void {
    const head =
      exchange.head || requestHead(exchange.request, exchange.fields, connectionLines(exchange));
    if (typeof head !== 'string') {
      exchange.onFailed(head);
      return;
    }
    if (this.state !== 'connecting' && exchange.repeatable) {
      this.#write(exchange, head);
      return;
    }
    this.#waitingHead = head;
    if (this.state === 'connecting') this.connect();
    // The backend may have closed the connection already. What can be sent again is simply sent; for the
    // rest, the event loop looks at the socket once more.
    else setImmediate(sendWaiting, this);
  }

  /** Sends the request that waits, if it still does. */
  sendWaiting(): void {
    const { exchange } = this;
    if (exchange === null || this.state !== 'claimed') return;
    // A reset was seen, and `close` is yet to come: it sends the request elsewhere.
    if (this.socket?.destroyed !== true) this.#write(exchange, this.#waitingHead);
  }

  #write(exchange: DispatchedExchange, head: string): void {
    this.#waitingHead = '';
    this.begin(exchange);
    this.#writer?.send(head, exchange);
  }

  // ————— The response.

  protected complete(exchange: DispatchedExchange, trailers: FieldSection): void {
    exchange.onComplete(trailers);
  }

  protected switch(exchange: DispatchedExchange, headers: HeaderSection): void {
    exchange.onSwitched(headers);
  }

  // ————— The socket.

  protected onOpened(): void {
    // Nothing is listened for before the socket is ready.
  }

  protected override onReady(socket: Socket): void {
    this.#writer = new RequestWriter(socket, this.secure, this);
    super.onReady(socket);
    if (this.readsByEvents) socket.on('data', this.onData);
    this.sendWaiting();
  }

  protected override onReleased(): void {
    this.#writer?.release();
    super.onReleased();
  }

  protected override onDetach(socket: Socket): void {
    this.#writer?.remove();
    if (this.readsByEvents) {
      socket.off('data', this.onData).pause();
      allowReading(socket);
    }
    super.onDetach(socket);
  }
}

function sendWaiting(connection: DirectConnection): void {
  connection.sendWaiting();
}

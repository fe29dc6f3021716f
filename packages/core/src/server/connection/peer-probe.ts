/**
 * Tells a client that has only closed its sending side from one that has left, while it waits for its
 * response. TCP shows the same FIN for both; only data that a departed client's host answers with RST
 * distinguishes them, by making the next write fail. So while the response is silent, bytes of it are sent
 * that are certain to come: before the head its first characters, which are always the same, and between
 * chunks leading zeros of the next chunk's size (RFC 9112 §7.1). A body that is not chunked has no such
 * bytes: there a long silence ends the wait.
 */
import type { Socket } from 'node:net';
import type { SocketWriter } from '../../socket/socket-writer.ts';
import { Deadline, type Deadlines, type DeadlineTarget } from '../../time/deadlines.ts';

const prefix = 'HTTP/1.1 ';
/** Back-off between probe bytes, in ms. At most one byte more than these is sent. */
const pauses = [20, 100, 1000, 5000, 10000, 20000, 40000, 60000];
/** Maximum time without data inside a body that is not chunked, in ms. */
const maxSilence = 1000;

/** How far the response has come that the client waits for. */
export interface ProbedExchange {
  readonly headSent: boolean;
  /** The response body goes out in chunks. */
  readonly chunked: boolean;
}

/** The connection of a client that has sent FIN. */
export interface ProbedConnection {
  readonly socket: Socket;
  readonly writer: SocketWriter;
  /** The response is silent, and nothing can be sent that would show whether the client is there. */
  abort(cause: undefined): void;
}

export class PeerProbe implements DeadlineTarget {
  readonly #exchange: ProbedExchange;
  readonly #connection: ProbedConnection;
  readonly #deadlines: Deadlines;
  readonly #deadline = new Deadline(this, 0);
  /** Probes since anything else was written. */
  #sent = 0;
  #bytesWritten = 0;

  constructor(exchange: ProbedExchange, connection: ProbedConnection, deadlines: Deadlines) {
    this.#exchange = exchange;
    this.#connection = connection;
    this.#deadlines = deadlines;
    if (this.#mute) this.#wait(maxSilence);
    else this.#send();
  }

  onDeadline(): void {
    const { bytesWritten, writableLength } = this.#connection.socket;
    // What is written is a probe by itself, and what is blocked has a deadline of its own.
    if (bytesWritten !== this.#bytesWritten || writableLength > 0) this.#restart();
    else if (this.#mute) this.#connection.abort(undefined);
    else this.#send();
  }

  /** A response's head is about to be written. Returns how many of its bytes have been sent. */
  begin(): number {
    const sent = this.#sent;
    this.#restart();
    return sent;
  }

  stop(): void {
    this.#deadline.clear();
  }

  get #mute(): boolean {
    return this.#exchange.headSent && !this.#exchange.chunked;
  }

  #restart(): void {
    this.#sent = 0;
    this.#wait(this.#mute ? maxSilence : pauses[0]);
  }

  #send(): void {
    const pause = pauses[this.#sent];
    this.#connection.writer.pushAndFlush(this.#exchange.headSent ? '0' : prefix.charAt(this.#sent));
    this.#sent++;
    this.#wait(pause);
  }

  #wait(pause: number | undefined): void {
    this.#bytesWritten = this.#connection.socket.bytesWritten;
    if (pause !== undefined) this.#deadlines.queue(pause).arm(this.#deadline);
  }
}

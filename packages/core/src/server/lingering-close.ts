/**
 * Ends a connection so that the peer can read our last response (RFC 9112 §9.6): our side is closed
 * behind what is written, and what the peer still sends is read and dropped for a while. Closing at
 * once would answer those bytes with RST, and that destroys a response that was not read yet.
 */
import type { Socket } from 'node:net';
import { Deadline, type DeadlineTarget } from '../time/deadlines.ts';
import { cutSocket } from './cut-socket.ts';
import type { ServerContext } from './server-context.ts';

/** How long a peer may take to close its side after our response has left, in ms. */
const lingerTimeout = 5000;

export class LingeringClose implements DeadlineTarget {
  readonly #socket: Socket;
  readonly #context: ServerContext;
  readonly #deadline = new Deadline(this, 0);
  #finished = false;
  /** Bytes that waited in the socket when the deadline was armed. */
  #unsent: number;
  #peerEnded: boolean;

  constructor(socket: Socket, context: ServerContext, peerEnded: boolean) {
    this.#socket = socket;
    this.#context = context;
    this.#unsent = socket.writableLength;
    this.#peerEnded = peerEnded;
    if (socket.destroyed) return;
    context.sendDeadlines.arm(this.#deadline);
    socket.on('close', () => this.#deadline.clear());
    socket.on('end', () => {
      this.#peerEnded = true;
      if (this.#finished) socket.destroy();
    });
    socket.resume();
    socket.end(() => {
      this.#finished = true;
      if (socket.destroyed) return;
      if (this.#peerEnded) socket.destroy();
      else context.deadlines.queue(lingerTimeout).arm(this.#deadline);
    });
  }

  onDeadline(): void {
    const unsent = this.#socket.writableLength;
    // As in the connection: slow is not dead.
    if (!this.#finished && unsent < this.#unsent) {
      this.#unsent = unsent;
      this.#context.sendDeadlines.arm(this.#deadline);
    } else if (unsent > 0) cutSocket(this.#socket);
    else this.#socket.destroy();
  }
}

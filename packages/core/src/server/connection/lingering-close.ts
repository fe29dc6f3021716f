/**
 * Ends a connection so that the peer can read our last response (RFC 9112 §9.6): our side is closed
 * after what is written, and what the peer still sends is read and dropped for a while. Closing at
 * once would answer those bytes with RST, and that destroys a response that was not read yet.
 */
import type { Socket } from 'node:net';
import { resumeReading } from '../../node-internals/reading.ts';
import { SendWatch, type WatchedSender } from '../../socket/send-watch.ts';
import { Deadline, type DeadlineTarget } from '../../time/deadlines.ts';
import type { ServerContext } from '../exchange/server-context.ts';
import { cutSocket } from './cut-socket.ts';

/** How long a peer may take to close its side after our response has left, in ms. */
const lingerTimeout = 5000;

export class LingeringClose implements WatchedSender, DeadlineTarget {
  readonly #socket: Socket;
  readonly #deadline = new Deadline(this, 0);
  readonly #sendWatch: SendWatch;
  #finished = false;
  #peerEnded: boolean;

  constructor(socket: Socket, context: ServerContext, peerEnded: boolean) {
    this.#socket = socket;
    this.#sendWatch = new SendWatch(this, context.sendDeadlines);
    this.#peerEnded = peerEnded;
    if (socket.destroyed) return;
    this.#sendWatch.start();
    socket.on('close', () => {
      this.#sendWatch.stop();
      this.#deadline.clear();
    });
    socket.on('end', () => {
      this.#peerEnded = true;
      if (this.#finished) socket.destroy();
    });
    resumeReading(socket);
    socket.end(() => {
      this.#finished = true;
      this.#sendWatch.stop();
      if (socket.destroyed) return;
      if (this.#peerEnded) socket.destroy();
      else context.deadlines.queue(lingerTimeout).arm(this.#deadline);
    });
  }

  get bytesTaken(): number {
    return -this.#socket.writableLength;
  }

  onSendTimeout(): void {
    if (this.#socket.writableLength > 0) cutSocket(this.#socket);
    else this.#socket.destroy();
  }

  /** The peer has had its time to close its side. */
  onDeadline(): void {
    this.#socket.destroy();
  }
}

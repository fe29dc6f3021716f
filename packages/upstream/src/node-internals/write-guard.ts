/**
 * Stands between a socket and its writes. A backend may answer and reset before it has read all of the
 * request (RFC 9112 §9.6). The failed write must then not take the answer with it that stands in the
 * socket's buffer: it is held back, and the read side, which ends as well, tells of the end.
 */
import type { Socket } from 'node:net';

/** Who knows what is being written. */
export interface WriteObserver {
  /** Whether a failed write is to be held back. */
  readonly holdsWrites: boolean;
  onWriteFailed(error: Error): void;
  /** The socket has taken what it was given last. */
  onWritten(): void;
}

type WriteCallback = (error?: Error | null) => void;

export class WriteGuard {
  readonly #socket: Socket;
  readonly #observer: WriteObserver;
  /** Of the write under way; a stream never has two. */
  #callback: WriteCallback | null = null;

  constructor(socket: Socket, observer: WriteObserver) {
    this.#socket = socket;
    this.#observer = observer;
    const done = (error?: Error | null) => this.#done(error);
    const write = socket._write.bind(socket);
    socket._write = (chunk, encoding, callback) => {
      this.#callback = callback;
      write(chunk, encoding, done);
    };
    const writev = socket._writev?.bind(socket);
    if (writev === undefined) return;
    socket._writev = (chunks, callback) => {
      this.#callback = callback;
      writev(chunks, done);
    };
  }

  /** Takes itself out of the way. */
  remove(): void {
    Reflect.deleteProperty(this.#socket, '_write');
    Reflect.deleteProperty(this.#socket, '_writev');
  }

  #done(error: Error | null | undefined): void {
    const failed = error !== undefined && error !== null;
    if (failed && this.#observer.holdsWrites) {
      this.#observer.onWriteFailed(error);
      return;
    }
    const callback = this.#callback;
    this.#callback = null;
    callback?.(error);
    if (!failed) this.#observer.onWritten();
  }
}

/** Writes requests to a socket: the head, and the body in its framing (RFC 9112 §6, §7.1). */
import type { Socket } from 'node:net';
import type { FieldSection } from '@reverseit/core/http';
import { chunkEnd, chunkStart, lastChunk } from '@reverseit/core/http1';
import type { DispatchedExchange } from '../../exchange/dispatched-exchange.ts';
import { bodySource, chunkSize } from '../../exchange/message/collected-body.ts';
import type { BodySource } from '../../exchange/message/upstream-request.ts';
import type { Upload, UploadPort } from '../../exchange/upload.ts';
import { WriteGuard, type WriteObserver } from '../../node-internals/write-guard.ts';

/**
 * Up to here head and body, or a chunk and its frame, are copied into one buffer; beyond it they leave as a
 * vector.
 */
const coalesceBytes = 16_384;

/** A socket that is idle takes a shorter head at once. */
const atOnceBytes = 4096;

export class RequestWriter implements UploadPort {
  readonly #socket: Socket;
  readonly #observer: WriteObserver;
  readonly #secure: boolean;
  #guard: WriteGuard | null = null;
  #exchange: DispatchedExchange | null = null;
  #upload: Upload | null = null;
  #chunked = false;

  constructor(socket: Socket, secure: boolean, observer: WriteObserver) {
    this.#socket = socket;
    this.#observer = observer;
    this.#secure = secure;
    socket.on('drain', this.#onDrain);
  }

  /** Writes a request, of which at least the head leaves now. */
  send(head: string, exchange: DispatchedExchange): void {
    const { body } = exchange.request;
    if (body === null) {
      // A write to a TLS socket is never done at once.
      const isLate = this.#secure || head.length > atOnceBytes;
      this.#socket.write(head, 'latin1', isLate ? this.#onHeadWritten : undefined);
      exchange.onSent();
      return;
    }
    this.#guard ??= new WriteGuard(this.#socket, this.#observer);
    if (Buffer.isBuffer(body) && body.length <= chunkSize) {
      this.#writeTogether(head, body, '');
      exchange.onSent();
    } else this.#stream(head, bodySource(body, exchange.repeatable), exchange);
  }

  #stream(head: string, source: BodySource, exchange: DispatchedExchange): void {
    const socket = this.#socket;
    const upload = exchange.openUpload(this, source);
    this.#exchange = exchange;
    this.#upload = upload;
    this.#chunked = source.contentLength === null;
    // What the source has already leaves together with the head.
    socket.cork();
    socket.write(head, 'latin1');
    upload.start();
    socket.uncork();
  }

  sendChunk(chunk: Buffer): void {
    // An empty chunk would be the last.
    if (chunk.length === 0) return;
    const socket = this.#socket;
    if (this.#chunked) this.#writeTogether(chunkStart(chunk.length), chunk, chunkEnd);
    else socket.write(chunk);
    if (socket.writableNeedDrain) this.#upload?.block();
  }

  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  sendEnd(trailers: FieldSection): void {
    if (this.#chunked) this.#socket.write(lastChunk(trailers), 'latin1');
    this.#upload = null;
    this.#exchange?.onSent();
    this.#exchange = null;
  }

  readonly #onHeadWritten = (error?: Error | null): void => {
    if (error === undefined || error === null) this.#observer.onWritten();
  };

  readonly #onDrain = (): void => {
    this.#upload?.unblock();
  };

  #writeTogether(before: string, content: Buffer, behind: string): void {
    const socket = this.#socket;
    const length = before.length + content.length + behind.length;
    if (length <= coalesceBytes) {
      const whole = Buffer.allocUnsafe(length);
      whole.write(before, 0, 'latin1');
      whole.set(content, before.length);
      whole.write(behind, length - behind.length, 'latin1');
      socket.write(whole);
      return;
    }
    socket.cork();
    socket.write(before, 'latin1');
    socket.write(content);
    if (behind !== '') socket.write(behind, 'latin1');
    socket.uncork();
  }

  /** The request's body is over, complete or not. */
  release(): void {
    this.#upload = null;
    this.#exchange = null;
  }

  /** Takes itself out of the way of a socket that is handed over. */
  remove(): void {
    this.#guard?.remove();
    this.#socket.off('drain', this.#onDrain);
  }
}

/**
 * A streamed request body as undici takes it: what it takes for a stream, without a Readable and without
 * a promise per chunk.
 *
 * undici writes the request's head together with the first chunk, so the backend sees nothing of the
 * request before the source has delivered something.
 */
import { EventEmitter } from 'node:events';
import type { BodySource } from '../../exchange/message/upstream-request.ts';
import type { Upload, UploadPort } from '../../exchange/upload.ts';

/** Who has the body that is to be sent. */
export interface UploadOpener {
  openUpload(port: UploadPort, source: BodySource): Upload;
}

/** What undici writes to. */
export interface UploadSocket {
  /** Bytes that have not left yet. */
  readonly pendingBytes: number;
}

export class UndiciUpload extends EventEmitter implements UploadPort {
  /** Read by undici: it need not destroy this object after its end. */
  readonly _readableState = { autoDestroy: true };

  readonly #upload: Upload;
  readonly #socket: UploadSocket;
  #starting = false;

  constructor(opener: UploadOpener, source: BodySource, socket: UploadSocket) {
    super();
    this.#socket = socket;
    this.#upload = opener.openUpload(this, source);
  }

  // The upload's side.

  sendChunk(chunk: Buffer): void {
    this.emit('data', chunk);
  }

  get isFlushed(): boolean {
    return this.#socket.pendingBytes === 0;
  }

  sendEnd(): void {
    // undici attaches listeners to the socket after its first call of `resume`. Were the body over by
    // then, it would never take them off again.
    if (this.#starting) process.nextTick(emitEnd, this);
    else this.emit('end');
  }

  // undici's side: what it calls on a stream.

  pipe(): this {
    return this;
  }

  resume(): this {
    if (this.#upload.started) this.#upload.unblock();
    else {
      this.#starting = true;
      this.#upload.start();
      this.#starting = false;
    }
    return this;
  }

  pause(): this {
    this.#upload.block();
    return this;
  }

  destroy(): this {
    this.#upload.cancel();
    return this;
  }
}

function emitEnd(upload: UndiciUpload): void {
  upload.emit('end');
}

/**
 * The stream of an extended CONNECT as a socket (RFC 8441 §5): DATA frames are its bytes, END_STREAM its FIN, a
 * reset what a reset is. Whatever relays a protocol over a socket relays it over this.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { H2_ERROR } from '../../http2/protocol.ts';
import type { Http2Stream } from './http2-stream.ts';

/** What may wait on either side, in bytes, as in a socket. */
const highWaterMark = 65_536;

/** A tunnel is watched by whoever relays it: the stream itself waits for ever. */
const noTimeout = 0;

type Callback = (error?: Error | null) => void;

export class Http2Tunnel extends Duplex {
  readonly #stream: Http2Stream;
  readonly #socket: Socket;
  /** Called when the client takes more. */
  #written: Callback | null = null;
  /** Called when all that was written, and the end, has left. */
  #ended: Callback | null = null;

  constructor(stream: Http2Stream, socket: Socket) {
    super({ highWaterMark, allowHalfOpen: true });
    this.#stream = stream;
    this.#socket = socket;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  override _read(): void {
    this.#stream.input.readWithin(this.#stream.queueOf(noTimeout));
  }

  override _write(bytes: Buffer, _: BufferEncoding, callback: Callback): void {
    const { output } = this.#stream;
    // Who writes may use the memory again when the stream has none of it left; the session may still have.
    output.write(Buffer.from(bytes), false);
    if (output.needsDrain && !output.ended) this.#written = callback;
    else callback();
  }

  override _final(callback: Callback): void {
    this.#stream.output.end(null);
    if (this.#stream.output.ended) callback();
    else this.#ended = callback;
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.onDrain();
    this.onOutputEnd();
    this.#stream.reset(H2_ERROR.CANCEL);
    callback(error);
  }

  // Of the stream

  onBody(bytes: Buffer): void {
    if (!this.push(bytes)) this.#stream.input.pause();
  }

  onBodyEnd(): void {
    this.push(null);
    this.#stream.onTunnelEnd();
  }

  onDrain(): void {
    const written = this.#written;
    this.#written = null;
    written?.();
  }

  onOutputEnd(): void {
    const ended = this.#ended;
    this.#ended = null;
    ended?.();
  }

  onStreamLost(error: Error): void {
    this.destroy(error);
  }
}

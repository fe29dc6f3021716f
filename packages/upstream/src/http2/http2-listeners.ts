/**
 * Streams of node:http2, opened, listened to and reset so that neither a request nor a response that
 * broke off looks complete. All share the same listeners: none is made for a request.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  constants,
} from 'node:http2';
import { Duplex } from 'node:stream';
import { codeOf } from '../connect/error-map.ts';
import { joinRepeats } from './http2-fields.ts';

const { NGHTTP2_CANCEL } = constants;
const headersFrame = 1;

/** What is told of a stream. */
export interface StreamListener {
  onInterim(status: number, raw: readonly string[]): void;
  /** Answers whether a body may follow. */
  onHead(status: number, raw: readonly string[]): boolean;
  onTrailers(raw: readonly string[]): void;
  /** A DATA frame has come, of so many bytes; its data comes as a chunk, by itself or with others. */
  onDataFrame(bytes: number): void;
  onChunk(chunk: Buffer): void;
  /** The backend has ended the stream; what came before it may still stand in the stream's buffer. */
  onEndStream(): void;
  onDrain(): void;
  /** Its request could not be sent: the backend knows nothing of it. */
  onUnsent(cause: unknown): void;
  /** The stream is gone. `id` where its request was sent. */
  onClose(code: number, id: number | undefined, cause: unknown): void;
}

/** A stream of node:http2 with what listens to it; null once that is over. */
export interface ListenedStream extends ClientHttp2Stream {
  listener?: StreamListener | null;
  failure?: Error;
  /** What follows the body of the request, once that is complete. */
  trailers?: Record<string, string>;
  /** Aborts a stream whose request is not complete. */
  uploading?: AbortController;
}

/**
 * Opens a stream for a request with or without a body; `waitForTrailers` where some may follow it. Throws
 * what node:http2 does where the session takes none, or not this one.
 */
export function openStream(
  session: ClientHttp2Session,
  fields: string[],
  content: { readonly waitForTrailers: boolean } | null,
  listener: StreamListener,
): ListenedStream {
  const uploading = content === null ? undefined : new AbortController();
  const stream: ListenedStream = requestOnce(
    session,
    fields,
    uploading === undefined
      ? { endStream: true }
      : { ...content, endStream: false, signal: uploading.signal },
  );
  if (uploading !== undefined) stream.uploading = uploading;
  listen(stream, listener);
  return stream;
}

/** A repeat of a field that node:http2 sends only once is joined to it. */
function requestOnce(
  session: ClientHttp2Session,
  fields: string[],
  options: ClientSessionRequestOptions,
): ListenedStream {
  try {
    return session.request(fields, options);
  } catch (error) {
    if (codeOf(error) !== 'ERR_HTTP2_HEADER_SINGLE_VALUE') throw error;
    return session.request(joinRepeats(fields), options);
  }
}

function listen(stream: ListenedStream, listener: StreamListener): void {
  stream.listener = listener;
  // Told of a reset with NO_ERROR, node:http2 ends the stream as if its body were complete.
  stream.push = push;
  stream.on('headers', onHeaders);
  stream.on('response', onResponse);
  stream.on('trailers', onTrailers);
  stream.on('frameError', onFrameError);
  // Stays for good: node:http2 may fail a stream that nobody waits for any more.
  stream.on('error', onError);
  stream.on('drain', onDrain);
  stream.on('wantTrailers', onWantTrailers);
  stream.on('close', onClose);
}

function push(this: ListenedStream, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk !== null) this.listener?.onDataFrame((chunk as Buffer).length);
  else if (!this.closed) this.listener?.onEndStream();
  return Duplex.prototype.push.call(this, chunk, encoding);
}

type Status = { readonly ':status'?: number };

function onHeaders(
  this: ListenedStream,
  { ':status': status = 0 }: Status,
  _: number,
  raw: string[],
) {
  this.listener?.onInterim(status, raw);
}

function onResponse(
  this: ListenedStream,
  { ':status': status = 0 }: Status,
  _: number,
  raw: string[],
) {
  if (this.listener?.onHead(status, raw) === true) this.on('data', onData);
}

function onTrailers(this: ListenedStream, _: unknown, __: number, raw: string[]): void {
  this.listener?.onTrailers(raw);
}

function onData(this: ListenedStream, chunk: Buffer): void {
  this.listener?.onChunk(chunk);
}

function onFrameError(this: ListenedStream, type: number, code: number): void {
  if (type === headersFrame) this.listener?.onUnsent(new Error(`nghttp2 error ${code}`));
}

function onError(this: ListenedStream, error: Error): void {
  this.failure = error;
}

function onDrain(this: ListenedStream): void {
  this.listener?.onDrain();
}

/** Ends the request, with trailers or without. */
function onWantTrailers(this: ListenedStream): void {
  this.sendTrailers(this.trailers ?? {});
}

function onClose(this: ListenedStream): void {
  this.listener?.onClose(this.rstCode ?? 0, this.id, this.failure);
}

/** Ends the stream and not the session (RFC 9113 §8.1: RST_STREAM with CANCEL). */
export function reset(stream: ListenedStream): void {
  if (stream.writableEnded) {
    stream.close(NGHTTP2_CANCEL);
    // Else it stays until the backend takes the frame.
    stream.destroy();
  }
  // `close` would send END_STREAM first, and make a body that broke off look complete.
  else stream.uploading?.abort();
}

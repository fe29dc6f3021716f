import type { Http2ServerResponse } from 'node:http2';
import type { ReadonlyFieldSection } from '@reverseit/core/http';
import { isEventStream, joinLists } from '../fields/response-fields.ts';
import { valuesByName } from '../fields/values-by-name.ts';
import type { Flushable, ResponseSide } from './response-side.ts';

/** RFC 9113 §7. */
const noError = 0x0;

/** A response of `node:http2`, by its compatibility API. */
export class Http2Response implements ResponseSide {
  readonly multiplexed = true;
  readonly #response: Http2ServerResponse & Flushable;
  /** As over HTTP/1. */
  #flushes = false;

  constructor(response: Http2ServerResponse) {
    this.#response = response;
  }

  get pending(): number {
    return this.#response.stream.writableLength;
  }

  get taken(): number {
    return -this.pending;
  }

  sendContinue(): void {
    const { stream } = this.#response;
    const sent = stream.sentInfoHeaders?.some((fields) => fields[':status'] === 100);
    if (sent !== true) this.#response.writeContinue();
  }

  sendInterim(status: number, fields: ReadonlyFieldSection): void {
    const section = valuesByName(fields);
    section[':status'] = String(status);
    try {
      this.#response.stream.additionalHeaders(section);
    } catch {
      // The application has begun the response, or Node does not send such fields. It may be left out.
    }
  }

  /** There is no reason phrase, and no connection that could end (RFC 9113 §8.3.2, §8.2.2). */
  writeHead(status: number, _reason: string, fields: ReadonlyFieldSection): void {
    const response = this.#response;
    if (response.hasHeader('content-length')) response.removeHeader('content-length');
    this.#flushes = response.flush !== undefined && isEventStream(fields);
    const all = [...fields];
    joinLists(all, response);
    const values = valuesByName(all);
    for (const name in values) response.setHeader(name, values[name] as string | string[]);
    response.writeHead(status);
  }

  flushHead(): void {
    // It left with `writeHead`.
  }

  write(chunk: Buffer): boolean {
    const more = this.#response.write(chunk);
    if (this.#flushes) this.#response.flush?.();
    return more;
  }

  end(trailers: ReadonlyFieldSection): void {
    if (trailers.length > 0) this.#response.addTrailers(valuesByName(trailers));
    this.#response.end();
  }

  lingerAtEnd(): void {
    // The end of a response ends no connection.
  }

  endAtOnce(): void {
    // As above.
  }

  /** RFC 9113 §8.1: the response is complete, and the client need not go on. */
  dropRequest(): void {
    this.#response.stream.close(noError);
  }

  cut(): void {
    // With an error: `close` would first end the stream in good order.
    this.#response.stream.destroy(new Error('the response was cut off'));
  }
}

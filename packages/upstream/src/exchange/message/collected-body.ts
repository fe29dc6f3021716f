/**
 * A long body that is complete, as a source: it goes out chunk by chunk, so that it is seen how much of
 * it the backend has taken.
 */
import type { FieldSection } from '@reverseit/core/http';
import type { BodySink, BodySource, CollectedBody, UpstreamRequest } from './upstream-request.ts';

type Body = UpstreamRequest['body'];

const noTrailers: FieldSection = [];

/** A longer Buffer goes out in chunks of this size, in bytes. */
export const chunkSize = 262_144;

/** Whether all of a body is there, so that it can be sent again. */
export function isReplayable(body: Body): body is Buffer | CollectedBody | null {
  return body === null || Buffer.isBuffer(body) || 'chunks' in body;
}

/** What a request says of its length: null where there is none to say, or trailers need chunks. */
export function announcedLength(body: NonNullable<Body>): number | null {
  if (Buffer.isBuffer(body)) return body.length;
  return hasTrailers(body) ? null : body.contentLength;
}

/** Whether trailers follow a body that is complete. */
function hasTrailers(body: NonNullable<Body>): boolean {
  return 'trailers' in body && body.trailers !== undefined && body.trailers.length > 0;
}

/** Whether trailers follow a body, or may. */
export function mayTrail(body: Body): boolean {
  return body !== null && (isReplayable(body) ? hasTrailers(body) : true);
}

/** Content that is shorter, in bytes, is no source but one Buffer: a source costs several times what it does. */
const shortContent = 16_384;

/** The same body for a transport that sends no trailers. */
export function withoutTrailers(body: NonNullable<Body>): NonNullable<Body> {
  if (!hasTrailers(body)) return body;
  const { contentLength, chunks } = body as CollectedBody;
  const [only] = chunks;
  if (only !== undefined && only.length === contentLength && contentLength < shortContent)
    return only;
  return {
    contentLength,
    chunks,
    releaseChunk: (chunk) => (body as CollectedBody).releaseChunk(chunk),
  };
}

/** `mayRepeat`: the request may have to be sent again, so that nothing of its body can be released. */
export function bodySource(body: NonNullable<Body>, mayRepeat: boolean): BodySource {
  if (Buffer.isBuffer(body)) return new CollectedSource(cut(body), body.length, null, noTrailers);
  if (!isReplayable(body)) return body;
  const owner = mayRepeat ? null : body;
  return new CollectedSource(
    body.chunks,
    announcedLength(body),
    owner,
    body.trailers ?? noTrailers,
  );
}

function cut(body: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += chunkSize)
    chunks.push(body.subarray(at, at + chunkSize));
  return chunks;
}

class CollectedSource implements BodySource {
  readonly contentLength: number | null;
  readonly #chunks: readonly Buffer[];
  readonly #trailers: FieldSection;
  /** Who has chunks back that have left. */
  readonly #owner: CollectedBody | null;
  #next = 0;
  /** Of the chunks that were written, so many are known to have left. */
  #left = 0;
  #sink: BodySink | null = null;

  constructor(
    chunks: readonly Buffer[],
    contentLength: number | null,
    owner: CollectedBody | null,
    trailers: FieldSection,
  ) {
    this.#chunks = chunks;
    this.#trailers = trailers;
    this.contentLength = contentLength;
    this.#owner = owner;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    const sink = this.#sink;
    if (sink === null) return;
    while (this.#next < this.#chunks.length) {
      const more = sink.write(this.#chunks[this.#next++] as Buffer);
      // A socket that has passed all on will say only later that it takes more.
      if (!more && !sink.isFlushed) break;
      this.#release(sink);
    }
    if (this.#next === this.#chunks.length) sink.end(this.#trailers);
  }

  #release(sink: BodySink): void {
    if (this.#owner === null || !sink.isFlushed) return;
    while (this.#left < this.#next) this.#owner.releaseChunk(this.#chunks[this.#left++] as Buffer);
  }

  cancel(): void {
    this.#sink = null;
  }
}

/** Requests to a group: what tells one backend from another, and bodies that may have to be sent again. */
import { isReplayable } from '../exchange/message/collected-body.ts';
import type {
  AttemptObserver,
  BodySink,
  BodySource,
  ClientConnection,
  CollectedBody,
  RequestInput,
  UpstreamRequest,
} from '../exchange/message/upstream-request.ts';
import { cancelSource } from '../exchange/upload.ts';
import type { ChosenBackend } from './member.ts';

/** A request that one of several backends is to get. Without any of these it is sent as it stands. */
export interface GroupRequest extends RequestInput {
  /** What consistent hashing goes by. Default: empty. */
  readonly hashKey?: string;
  /** `ChosenBackend.affinityId` of the backend that it should have, if that is up. Default: none. */
  readonly affinityId?: string | null;
  /** Name of the backend that it must have. Default: none. */
  readonly backendName?: string | null;
  /** The request as it goes to the backend that was chosen; asked once for each attempt. */
  forBackend?(backend: ChosenBackend): RequestInput;
}

/** Whether a body can be sent from its start, whatever has happened to an earlier attempt. */
export function isWhole(body: RequestInput['body']): boolean {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return true;
  return isReplayable(body);
}

/**
 * A request whose body has to outlive a failed attempt: what a pool would take back from the caller, or cancel,
 * is left alone until the group knows that no attempt follows.
 */
export class RetainedRequest implements RequestInput {
  readonly body: CollectedBody | BodySource;
  readonly #source: RetainedSource | null;
  #request: RequestInput;

  constructor(request: RequestInput, body: CollectedBody | BodySource) {
    this.#request = request;
    if ('chunks' in body) {
      this.#source = null;
      this.body = { ...body, releaseChunk: keep };
    } else {
      this.#source = new RetainedSource(body);
      this.body = this.#source;
    }
  }

  /** The same body with what another backend is sent. */
  use(request: RequestInput): this {
    this.#request = request;
    return this;
  }

  get method(): string {
    return this.#request.method;
  }

  get target(): string {
    return this.#request.target;
  }

  get fields(): UpstreamRequest['fields'] {
    return this.#request.fields;
  }

  get trailer(): string | null {
    return this.#request.trailer ?? null;
  }

  get client(): ClientConnection | null {
    return this.#request.client ?? null;
  }

  get observer(): AttemptObserver | null {
    return this.#request.observer ?? null;
  }

  /** Whether nothing of the body has been streamed. */
  get isWhole(): boolean {
    return this.#source === null || !this.#source.started;
  }

  /** No attempt follows. */
  release(): void {
    this.#source?.release();
  }

  /** There was none. */
  cancel(): void {
    this.#source?.cancel();
    this.release();
  }
}

function keep(): void {
  // The memory is kept for another attempt.
}

class RetainedSource implements BodySource {
  readonly contentLength: number | null;
  started = false;
  readonly #source: BodySource;
  #cancelled = false;
  #released = false;

  constructor(source: BodySource) {
    this.#source = source;
    this.contentLength = source.contentLength;
  }

  start(sink: BodySink): void {
    this.started = true;
    this.#source.start(sink);
  }

  resume(): void {
    this.#source.resume();
  }

  cancel(): void {
    this.#cancelled = true;
    if (this.started || this.#released) this.#cancel();
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#cancelled && !this.started) this.#cancel();
  }

  #cancel(): void {
    cancelSource(this.#source);
  }
}

/** A request as a promise of its response, for applications and libraries. */
import { createError, type ReverseItError } from '@reverseit/core/errors';
import {
  type FieldSection,
  getField,
  HeaderSection,
  hasField,
  type ReadonlyFieldSection,
  readDecimal,
} from '@reverseit/core/http';
import { Faults } from '@reverseit/core/options';
import type { DispatchLimits } from '../exchange/dispatch-limits.ts';
import type { RequestInput } from '../exchange/message/upstream-request.ts';
import type {
  ResponseHandler,
  UpstreamExchange,
  UpstreamResponseHead,
} from '../exchange/message/upstream-response.ts';
import { IterableSource } from './iterable-source.ts';
import { ReceivedBody, type ResponseBody } from './response-body.ts';

/** What `pool.request` sends, beside the URL. */
export interface RequestOptions {
  /** Default: "GET". */
  readonly method?: string | undefined;
  /** By name, or as a list: name, value, name, value, … `Host` is added where it is missing. */
  readonly headers?:
    | Readonly<Record<string, string | readonly string[]>>
    | ReadonlyFieldSection
    | HeaderSection
    | undefined;
  /**
   * Text, bytes, or an async iterable of them, such as a stream. An iterable is sent in chunks, or with the
   * `content-length` among the headers.
   */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array | string> | null | undefined;
  /** Aborts the request, or the response whose body is being read, with `RIT_ERR_CLIENT_ABORTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Default: those of `dispatchLimits`. */
  readonly limits?: DispatchLimits | undefined;
  /** Unix socket to connect to. Default: none. */
  readonly unixSocket?: string | undefined;
}

/** A response whose headers have arrived. */
export interface ClientResponse {
  readonly status: number;
  readonly headers: HeaderSection;
  /** Empty until the body has ended, and mostly after it. */
  readonly trailers: FieldSection;
  readonly body: ResponseBody;
}

const known: readonly string[] = [
  'method',
  'headers',
  'body',
  'signal',
  'limits',
  'unixSocket',
] satisfies (keyof RequestOptions)[];

/** @throws ConfigError `RIT_ERR_CONFIG` that names each unknown option */
export function checkRequestOptions(options: unknown): void {
  const faults = new Faults();
  if (typeof options !== 'object' || options === null) {
    faults.refuse('options', options, 'an object of options');
  } else {
    for (const [name, value] of Object.entries(options)) {
      if (!known.includes(name)) faults.unknown('', name, value, known);
    }
  }
  faults.throwIfAny();
}

/** The way to a backend. */
interface RequestTarget {
  dispatch(
    request: RequestInput,
    limits: DispatchLimits | undefined,
    handler: ResponseHandler,
  ): UpstreamExchange;
}

export function sendRequest(
  to: RequestTarget,
  url: URL,
  options: RequestOptions,
): Promise<ClientResponse> {
  return new Promise((resolve, reject) => {
    const { signal, limits } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw createError('RIT_ERR_INTERNAL', 'invalid request: signal must be an AbortSignal');
    }
    if (signal?.aborted === true) throw aborted(signal);
    const onAbort = (): void => {
      const error = aborted(signal);
      body.abort(error);
      reject(error);
    };
    const body = new ReceivedBody(() => signal?.removeEventListener('abort', onAbort));
    body.exchange = to.dispatch(
      requestOf(url, options),
      limits,
      new Receiver(body, resolve, reject),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

class Receiver implements ResponseHandler {
  readonly #body: ReceivedBody;
  readonly #resolve: (response: ClientResponse) => void;
  readonly #reject: (error: ReverseItError) => void;

  constructor(
    body: ReceivedBody,
    resolve: (response: ClientResponse) => void,
    reject: (error: ReverseItError) => void,
  ) {
    this.#body = body;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onInterim(): void {
    // Only the final response is asked for.
  }

  onHead({ status, headers }: UpstreamResponseHead): void {
    const body = this.#body;
    this.#resolve({
      status,
      headers,
      body,
      get trailers() {
        return body.trailers;
      },
    });
  }

  onData(chunk: Buffer): void {
    this.#body.push(chunk);
  }

  onEnd(trailers: FieldSection): void {
    this.#body.end(trailers);
  }

  onError(error: ReverseItError): void {
    this.#body.fail(error);
    this.#reject(error);
  }
}

function requestOf(url: URL, { method = 'GET', headers, body }: RequestOptions): RequestInput {
  const fields = fieldList(headers);
  if (!hasField(fields, 'host')) fields.unshift('host', url.host);
  const target = url.pathname + url.search;
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) {
    return { method, target, fields, body };
  }
  const length = readDecimal(getField(fields, 'content-length') ?? '');
  return { method, target, fields, body: new IterableSource(body, length < 0 ? null : length) };
}

function fieldList(headers: RequestOptions['headers'] = []): string[] {
  if (headers instanceof HeaderSection) return [...headers.fields];
  if (Array.isArray(headers)) return [...(headers as ReadonlyFieldSection)];
  return Object.entries(headers as Record<string, string | readonly string[]>).flatMap(
    ([name, value]) => (Array.isArray(value) ? value.flatMap((one) => [name, one]) : [name, value]),
  ) as string[];
}

function aborted(signal: AbortSignal | undefined): ReverseItError {
  return createError('RIT_ERR_CLIENT_ABORTED', 'the request was aborted', {
    cause: signal?.reason,
  });
}

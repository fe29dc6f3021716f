/** The limits of a request: what may be given, and the same with deadline queues looked up. */
import type { DeadlineQueue, Deadlines } from '@reverseit/core/deadlines';
import {
  bytes,
  count,
  defaultValues,
  defineOptions,
  Faults,
  milliseconds,
  type OptionInput,
  readOptions,
} from '@reverseit/core/options';

const request = 'Backend request';
const response = 'Backend response';

/** Interim responses can extend `responseHeaderTimeout` to at most this many times its length. */
const interimFactor = 10;

/** What bounds one request, with the defaults of a proxy's routes. */
export const dispatchLimits = defineOptions({
  /** Maximum time to wait for a free backend connection. Default: 5000 ms. If exceeded: 503. */
  poolTimeout: milliseconds({
    group: request,
    prose: 'Maximum time to wait for a free backend connection.',
    default: 5000,
    answers: '503',
  }),
  /**
   * Maximum wait for the response headers after the request was sent; each 1xx response restarts it, up to ten times in total.
   * Default: 30000 ms. If exceeded: 504.
   */
  responseHeaderTimeout: milliseconds({
    group: response,
    prose:
      'Maximum wait for the response headers after the request was sent; each 1xx response restarts it, up to ten times in total.',
    default: 30000,
    answers: '504',
  }),
  /**
   * Maximum time without data from the backend while a response is received.
   * Default: 55000 ms. If exceeded: 504; aborted if response headers were already sent.
   */
  upstreamIdleTimeout: milliseconds({
    group: response,
    prose: 'Maximum time without data from the backend while a response is received.',
    default: 55000,
    answers: '504; aborted if response headers were already sent',
  }),
  /**
   * Retries of GET, HEAD and OPTIONS on a fresh connection when a kept-alive one closes before the first response byte.
   * Default: 1.
   */
  responseHeaderRetries: count({
    group: response,
    prose:
      'Retries of GET, HEAD and OPTIONS on a fresh connection when a kept-alive one closes before the first response byte.',
    default: 1,
    min: 0,
    max: 10,
  }),
  /**
   * Maximum size of all response headers: name, colon, space and value of each line.
   * Default: 65536 bytes. If exceeded: 502.
   */
  maxResponseHeaderBytes: bytes({
    group: response,
    prose: 'Maximum size of all response headers: name, colon, space and value of each line.',
    default: 65536,
    max: 1024 * 1024 * 1024,
    answers: '502',
  }),
  /**
   * Maximum size of all interim responses (1xx) to one request; they are forwarded to HTTP/1.1 and HTTP/2 clients.
   * Default: 65536 bytes. If exceeded: 502.
   */
  maxInterimResponseBytes: bytes({
    group: response,
    prose:
      'Maximum size of all interim responses (1xx) to one request; they are forwarded to HTTP/1.1 and HTTP/2 clients.',
    default: 65536,
    max: 1024 * 1024 * 1024,
    answers: '502',
  }),
  /**
   * Maximum size of a response body; 0 allows none.
   * Default: Infinity. If exceeded: 502; aborted if response headers were already sent.
   */
  maxResponseBodySize: bytes({
    group: response,
    prose: 'Maximum size of a response body; 0 allows none.',
    default: Number.POSITIVE_INFINITY,
    min: 0,
    lift: true,
    answers: '502; aborted if response headers were already sent',
  }),
});

/** Limits of one request; omitted ones have their defaults. Each object is validated once, so share it. */
export interface DispatchLimits extends OptionInput<typeof dispatchLimits> {}

export interface ResolvedLimits {
  readonly pool: DeadlineQueue;
  readonly head: DeadlineQueue;
  /** How long interim responses may put `head` off, from the first of them. */
  readonly interims: DeadlineQueue;
  readonly idle: DeadlineQueue;
  readonly retries: number;
  readonly maxResponseHeaderBytes: number;
  readonly maxInterimResponseBytes: number;
  readonly maxResponseBodySize: number;
}

/** Checks and resolves each limits object once. Routes share theirs among their requests. */
export class LimitsResolver {
  readonly #deadlines: Deadlines;
  readonly #known = new WeakMap<DispatchLimits, ResolvedLimits>();
  #lastSeen: DispatchLimits | null = null;
  #lastResolved: ResolvedLimits | null = null;

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  /** @throws ConfigError `RIT_ERR_CONFIG` that names what is wrong. */
  resolve(limits: DispatchLimits = none): ResolvedLimits {
    if (this.#lastResolved !== null && limits === this.#lastSeen) return this.#lastResolved;
    let resolved = this.#known.get(limits);
    if (resolved === undefined) {
      resolved = this.#read(limits);
      this.#known.set(limits, resolved);
    }
    this.#lastSeen = limits;
    this.#lastResolved = resolved;
    return resolved;
  }

  #read(limits: DispatchLimits): ResolvedLimits {
    const faults = new Faults();
    const values = readOptions(dispatchLimits, limits, 'limits', faults, defaults);
    faults.throwIfAny();
    return {
      pool: this.#deadlines.queue(values.poolTimeout),
      head: this.#deadlines.queue(values.responseHeaderTimeout),
      interims: this.#deadlines.queue(interimFactor * values.responseHeaderTimeout),
      idle: this.#deadlines.queue(values.upstreamIdleTimeout),
      retries: values.responseHeaderRetries,
      maxResponseHeaderBytes: values.maxResponseHeaderBytes,
      maxInterimResponseBytes: values.maxInterimResponseBytes,
      maxResponseBodySize: values.maxResponseBodySize,
    };
  }
}

const defaults = defaultValues(dispatchLimits);
const none: DispatchLimits = Object.freeze({});

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

const group = 'Backend request';

/** Interim responses can extend `responseHeaderTimeout` to at most this many times its length. */
const interimFactor = 10;

/** What bounds one request, with the defaults of a proxy's routes. */
export const dispatchLimits = defineOptions({
  /** Maximum time to wait for a free connection, in ms. 0: no limit. Default: 5000. */
  poolTimeout: milliseconds({
    group,
    prose: 'Maximum time to wait for a free backend connection.',
    default: 5000,
  }),
  /**
   * From the last request byte sent to the response headers, in ms. Each interim response (1xx) restarts
   * it, up to ten times its length in total. 0: no limit. Default: 30000.
   */
  responseHeaderTimeout: milliseconds({
    group,
    prose:
      'Maximum wait for the response headers after the request was sent; each 1xx response restarts it, up to ten times in total.',
    default: 30_000,
  }),
  /**
   * Maximum time without progress of the backend, in ms: while more of its response is wanted, and while it
   * reads nothing of a request that is ready. 0: no limit. Default: 55000.
   */
  upstreamIdleTimeout: milliseconds({
    group,
    prose: 'Maximum time without data from the backend while a response is received.',
    default: 55_000,
  }),
  /**
   * Retries of GET, HEAD and OPTIONS on a fresh connection when a kept-alive one closes before the first
   * response byte. Default: 1.
   */
  responseHeaderRetries: count({
    group,
    prose:
      'Retries of GET, HEAD and OPTIONS on a fresh connection when a kept-alive one closes before the first response byte.',
    default: 1,
    min: 0,
    max: 10,
  }),
  /** Size of all response headers, name + 2 + value of each line, in bytes. Default: 65536. */
  maxResponseHeaderBytes: bytes({
    group,
    prose: 'Maximum size of all response headers: name, colon, space and value of each line.',
    default: 65_536,
    max: 1024 * 1024 * 1024,
  }),
  /** Size of all interim responses (1xx) to one request, in bytes. Default: 65536. */
  maxInterimResponseBytes: bytes({
    group,
    prose: 'Maximum size of all interim responses (1xx) to one request.',
    default: 65_536,
    max: 1024 * 1024 * 1024,
  }),
  /** Size of a response body, in bytes; 0 allows none. Default: Infinity. */
  maxResponseBodySize: bytes({
    group,
    prose: 'Maximum size of a response body; 0 allows none.',
    default: Number.POSITIVE_INFINITY,
    min: 0,
    lift: true,
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

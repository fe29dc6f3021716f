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

const group = 'Request to the backend';

/** A drip of interim responses puts `responseHeaderTimeout` off for so many times its length. */
const interimFactor = 10;

/** What bounds one request, with the defaults of a proxy's routes. */
export const dispatchLimits = defineOptions({
  /** Longest wait for a connection, in ms. 0: no limit. Default: 5000. */
  poolTimeout: milliseconds({
    group,
    prose: 'Longest wait for a free connection.',
    default: 5000,
  }),
  /**
   * From the last byte of the request having left to the response head, in ms. Interim responses (1xx)
   * restart it, for ten times its length in all. 0: no limit. Default: 30000.
   */
  responseHeaderTimeout: milliseconds({
    group,
    prose:
      'Longest wait for the response head once the request was sent; 1xx responses restart it, for ten times its length in all.',
    default: 30_000,
  }),
  /**
   * Longest silence of the backend, in ms, rolling: while we want more of its response, and while it takes
   * nothing of a request that stands ready. 0: no limit. Default: 55000.
   */
  upstreamIdleTimeout: milliseconds({
    group,
    prose: 'Longest silence of the backend while a response is received.',
    default: 55_000,
  }),
  /** GET, HEAD and OPTIONS whose reused connection closed before any response byte are sent again so often. Default: 1. */
  responseHeaderRetries: count({
    group,
    prose: 'Times that GET, HEAD and OPTIONS are sent again.',
    default: 1,
    min: 0,
    max: 10,
  }),
  /** Sum of name + 2 + value over the response's header section, in bytes. Default: 65536. */
  maxResponseHeaderBytes: bytes({
    group,
    prose: 'Largest sum of header lines of a response, counted as name + 2 + value each.',
    default: 65_536,
    max: 1024 * 1024 * 1024,
  }),
  /** Interim responses (1xx) to one request, all of their bytes together. Default: 65536. */
  maxInterimResponseBytes: bytes({
    group,
    prose: 'Largest sum of the interim responses (1xx) to one request.',
    default: 65_536,
    max: 1024 * 1024 * 1024,
  }),
  /** Response body, in bytes; 0 for none at all. Default: Infinity. */
  maxResponseBodySize: bytes({
    group,
    prose: 'Largest response body, 0 for none at all.',
    default: Number.POSITIVE_INFINITY,
    min: 0,
    lift: true,
  }),
});

/** What bounds one request; what is left out has its default. Checked once for each object: share them. */
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

/**
 * Follows the backends that a source finds: one look-up after another, never two at a time. One that fails,
 * takes too long or finds nothing changes nothing, and is repeated after a pause that grows.
 */
import { Deadline, type Deadlines, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { messageOf } from '@reverseit/core/internal';
import { type Network, nameServers } from '../connect/network.ts';
import type { RandomSource } from './balance/policy.ts';
import { refreshInterval } from './discovery/refresh-interval.ts';
import {
  AddressSource,
  type DiscoverySource,
  FunctionSource,
  ServiceSource,
} from './discovery-sources.ts';
import { nextShare } from './jitter.ts';
import { serverLookup, systemLookup } from './name-lookup.ts';
import type { BackendSpec } from './options/backend-list.ts';
import type { DiscoveryValues } from './options/discovery-options.ts';

/** Told of what is found. Must not throw. */
export interface DiscoveryDelegate {
  onDiscovered(list: readonly BackendSpec[]): void;
  /** `RIT_ERR_DISCOVERY`; told once, until it is another, or a look-up succeeds. */
  onDiscoveryError(error: ReverseItError): void;
}

/** Pause between two lists that a function yields, in ms: they may come without end. */
const yieldPause = 100;
/** Characters of a reason that are reported. */
const maxReason = 500;

const DEADLINE = { INTERVAL: 0, TIMEOUT: 1 } as const;

export class Discovery implements DeadlineTarget {
  /** Resolves when the first look-up has ended, however. */
  readonly ready: Promise<void>;
  readonly #deadlines: Deadlines;
  readonly #random: RandomSource;
  readonly #rules: DiscoveryValues;
  readonly #delegate: DiscoveryDelegate;
  readonly #source: DiscoverySource;
  /** Ends look-ups on the network; null where that cannot be done. */
  readonly #cancel: (() => void) | null;
  readonly #interval = new Deadline(this, DEADLINE.INTERVAL);
  readonly #timeout = new Deadline(this, DEADLINE.TIMEOUT);
  /** Of the look-up under way; null between two. */
  #current: AbortController | null = null;
  #failures = 0;
  #reported = '';
  #isClosed = false;
  readonly #becomeReady: () => void;

  constructor(
    deadlines: Deadlines,
    random: RandomSource,
    network: Network,
    rules: DiscoveryValues,
    delegate: DiscoveryDelegate,
  ) {
    this.#deadlines = deadlines;
    this.#random = random;
    this.#rules = rules;
    this.#delegate = delegate;
    const { source, cancel } = openSource(rules, network);
    this.#source = source;
    this.#cancel = cancel;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#becomeReady = resolve;
  }

  /** Takes over what the former discovery knew. */
  inherit(former: Discovery): void {
    this.#source.inherit(former.#source);
  }

  /**
   * Puts other backends in place of those that are configured: what is known serves at once, the rest is
   * looked up.
   */
  configure(configured: readonly BackendSpec[]): void {
    if (this.#isClosed) return;
    this.#source.configure(configured);
    this.#delegate.onDiscovered(this.#source.list);
    this.#giveUp(new Error('other backends are configured'));
    this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#interval.clear();
    this.#giveUp(createError('RIT_ERR_SHUTDOWN'));
    this.#source.close?.();
    this.#becomeReady();
  }

  onDeadline(kind: number): void {
    if (kind === DEADLINE.INTERVAL) {
      this.#look();
      return;
    }
    const reason = `no answer within ${this.#rules.timeout} ms`;
    this.#giveUp(new Error(reason));
    this.#end(null, [reason]);
  }

  #giveUp(reason: Error): void {
    const look = this.#current;
    this.#current = null;
    this.#timeout.clear();
    if (look === null) return;
    look.abort(reason);
    this.#cancel?.();
  }

  #look(): void {
    this.#interval.clear();
    const look = new AbortController();
    this.#current = look;
    if (this.#source.follows !== true)
      this.#deadlines.queue(this.#rules.timeout).arm(this.#timeout);
    this.#source.look(look.signal).then(
      ({ ttl, faults }) => {
        if (this.#current === look) this.#end(ttl, faults);
      },
      (cause: unknown) => {
        if (this.#current === look) this.#end(null, [messageOf(cause)], cause);
      },
    );
  }

  /** The look-up is over. */
  #end(ttl: number | null, faults: readonly string[], cause?: unknown): void {
    this.#current = null;
    this.#timeout.clear();
    this.#failures = faults.length === 0 ? 0 : this.#failures + 1;
    const { interval } = this.#rules;
    const pause =
      this.#failures === 0 && this.#source.follows === true
        ? Math.min(interval, yieldPause)
        : refreshInterval(interval, { ttl, failures: this.#failures });
    const ms = Math.max(1, Math.round(nextShare(this.#random) * pause));
    this.#deadlines.queue(ms).arm(this.#interval);
    this.#delegate.onDiscovered(this.#source.list);
    this.#report(faults.join('; ').slice(0, maxReason), cause);
    this.#becomeReady();
  }

  #report(reason: string, cause: unknown): void {
    if (reason === this.#reported) return;
    this.#reported = reason;
    if (reason === '') return;
    const message = `backends cannot be discovered: ${reason}`;
    this.#delegate.onDiscoveryError(createError('RIT_ERR_DISCOVERY', message, { cause }));
  }
}

interface OpenedSource {
  readonly source: DiscoverySource;
  readonly cancel: (() => void) | null;
}

function openSource(
  { type, name, list, servers }: DiscoveryValues,
  network: Network,
): OpenedSource {
  if (list !== null) return { source: new FunctionSource(list), cancel: null };
  if (type === 'dns' && servers === null) {
    return { source: new AddressSource(systemLookup(network)), cancel: null };
  }
  const asked = nameServers(network, servers);
  const lookUp = serverLookup(asked, type === 'srv');
  const source =
    type === 'dns' ? new AddressSource(lookUp) : new ServiceSource(name ?? '', asked, lookUp);
  return { source, cancel: () => asked.cancel() };
}

/**
 * The ways to backends that `chooseBackend` names by URL. As many as `maxOrigins` are kept, those without a
 * request are given up first, the one unused longest before the others; one that nobody has asked for as long
 * as a connection may be unused is given up by itself.
 */
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError } from '@reverseit/core/errors';
import type { BackendUrl } from '@reverseit/core/options';
import type { ChosenBackend, OriginPool } from '@reverseit/upstream';
import { type AllowedBackends, originOf } from '../../options/backends/allowed-backends.ts';

/** Opens the way to an origin. */
export type OpenOrigin = (origin: string) => OriginPool;

export class ChosenOrigins {
  readonly #open: OpenOrigin;
  readonly #unused: DeadlineQueue;
  #max: number;
  readonly #origins = new Map<string, ChosenOrigin>();
  /** Those without a request, the one unused longest first. */
  readonly #idle = new Set<ChosenOrigin>();
  #closed = false;

  /** `unused`: how long one is kept that nobody asks for. */
  constructor(open: OpenOrigin, unused: DeadlineQueue, max: number) {
    this.#open = open;
    this.#unused = unused;
    this.#max = max;
  }

  get size(): number {
    return this.#origins.size;
  }

  /**
   * The backend of a URL, for one request, which releases it when it is over.
   * @throws LimitError `RIT_ERR_TOO_MANY_BACKENDS` where every one that is kept is in use
   */
  acquire(url: BackendUrl): ChosenUrl {
    const key = originOf(url);
    const origin = this.#origins.get(key) ?? this.#add(key, url);
    this.#idle.delete(origin);
    origin.deadline.clear();
    origin.active++;
    return origin.backendOf(url);
  }

  #add(key: string, url: BackendUrl): ChosenOrigin {
    while (this.#origins.size >= this.#max) {
      const [oldest] = this.#idle;
      if (oldest === undefined) throw createError('RIT_ERR_TOO_MANY_BACKENDS');
      this.#giveUp(oldest);
    }
    const origin = new ChosenOrigin(this, url, this.#open(key));
    // A request of former options may come after these have been replaced.
    if (this.#closed) origin.isKept = false;
    else this.#origins.set(key, origin);
    return origin;
  }

  /** A request is over. */
  release(origin: ChosenOrigin): void {
    origin.active--;
    if (origin.active > 0) return;
    if (!origin.isKept) origin.way.release();
    else {
      this.#idle.add(origin);
      this.#unused.arm(origin.deadline);
    }
  }

  onUnused(origin: ChosenOrigin): void {
    this.#giveUp(origin);
  }

  /** Other rules apply: what they do not allow is given up. */
  adopt(allowed: AllowedBackends, max: number): void {
    this.#max = max;
    for (const origin of this.#origins.values()) {
      if (!allowed.allows(origin.url)) this.#giveUp(origin);
    }
    for (const origin of this.#idle) {
      if (this.#origins.size <= max) break;
      this.#giveUp(origin);
    }
  }

  /** Gives up all. What is in progress goes on. */
  close(): void {
    this.#closed = true;
    for (const origin of this.#origins.values()) this.#giveUp(origin);
  }

  #giveUp(origin: ChosenOrigin): void {
    this.#origins.delete(originOf(origin.url));
    this.#idle.delete(origin);
    origin.deadline.clear();
    origin.isKept = false;
    if (origin.active === 0) origin.way.release();
  }
}

/** Scheme, host and port that were chosen, and how many requests go there. */
class ChosenOrigin implements DeadlineTarget {
  active = 0;
  isKept = true;
  readonly url: BackendUrl;
  readonly way: OriginPool;
  readonly deadline = new Deadline(this, 0);
  readonly #owner: ChosenOrigins;
  /** Of the path prefix that was asked for last; most have one. */
  #last: ChosenUrl | null = null;

  constructor(owner: ChosenOrigins, url: BackendUrl, way: OriginPool) {
    this.#owner = owner;
    this.url = url;
    this.way = way;
  }

  backendOf(url: BackendUrl): ChosenUrl {
    if (this.#last?.pathPrefix !== url.pathPrefix) this.#last = new ChosenUrl(this, url);
    return this.#last;
  }

  release(): void {
    this.#owner.release(this);
  }

  onDeadline(): void {
    this.#owner.onUnused(this);
  }
}

/** A backend that was chosen by URL. */
export class ChosenUrl implements ChosenBackend {
  readonly name: string;
  readonly url: string;
  readonly secure: boolean;
  readonly authority: string;
  readonly pathPrefix: string;
  /** No cookie binds to it. */
  readonly affinityId = '';
  readonly way: OriginPool;
  readonly #origin: ChosenOrigin;

  constructor(origin: ChosenOrigin, url: BackendUrl) {
    this.#origin = origin;
    this.way = origin.way;
    this.url = `${originOf(url)}${url.pathPrefix}`;
    this.name = this.url;
    this.secure = url.secure;
    this.authority = url.authority;
    this.pathPrefix = url.pathPrefix;
  }

  /** The request is over; once for each `acquire`. */
  release(): void {
    this.#origin.release();
  }
}

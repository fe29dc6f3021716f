/**
 * Where discovery has backends from: the addresses of names, SRV records, or a function. Each keeps what it
 * knows.
 */
import { createError } from '@reverseit/core/errors';
import { messageOf } from '@reverseit/core/internal';
import { Faults } from '@reverseit/core/options';
import type { NameServers } from '../connect/network.ts';
import { parseOrigin } from '../options/origin.ts';
import { atAddresses, atServices, type FoundService } from './discovery/found-backends.ts';
import { type KnownAddresses, learn, noAddresses } from './discovery/known-addresses.ts';
import { type FoundAddresses, isNoRecord, type LookUpAddresses } from './name-lookup.ts';
import { type BackendSpec, readBackendList } from './options/backend-list.ts';
import type { ListBackends } from './options/discovery-options.ts';

/** Backends that a look-up may find: more are an error of whoever answers. */
const maxFound = 1000;

/** Look-ups of names at the same time. */
const maxConcurrent = 16;

export interface LookupResult {
  /** In ms; null where it is not known. */
  readonly ttl: number | null;
  /** What could not be learned; what was known is kept. */
  readonly faults: readonly string[];
}

export interface DiscoverySource {
  /** The backends, by what is known. */
  readonly list: readonly BackendSpec[];
  /** Whether the next look-up waits for a change: it is due at once, and may take any time. */
  readonly follows?: boolean;
  /** What discovery begins with. */
  configure(configured: readonly BackendSpec[]): void;
  /** Takes over what the former source knew. */
  inherit(former: DiscoverySource): void;
  /** One at a time. Once the signal is aborted nothing is learned. May reject. */
  look(signal: AbortSignal): Promise<LookupResult>;
  /** No look-up follows. */
  close?(): void;
}

/**
 * Every address of the host of each configured backend. Those at an address or a Unix socket stay as they
 * are.
 */
export class AddressSource implements DiscoverySource {
  readonly #lookUp: LookUpAddresses;
  #configured: readonly BackendSpec[] = [];
  #names: readonly string[] = [];
  #known: ReadonlyMap<string, KnownAddresses> = new Map();

  constructor(lookUp: LookUpAddresses) {
    this.#lookUp = lookUp;
  }

  get list(): readonly BackendSpec[] {
    return this.#configured.flatMap((spec) => {
      const name = nameOf(spec);
      if (name === null) return [spec];
      const { ipv4, ipv6 } = this.#known.get(name) ?? noAddresses;
      return atAddresses(spec, [...ipv4, ...ipv6], parseOrigin(spec.url).port);
    });
  }

  configure(configured: readonly BackendSpec[]): void {
    this.#configured = configured;
    this.#names = [...new Set(configured.map(nameOf).filter((name) => name !== null))];
  }

  inherit(former: DiscoverySource): void {
    if (former instanceof AddressSource) this.#known = former.#known;
  }

  async look(signal: AbortSignal): Promise<LookupResult> {
    const names = this.#names;
    const known = this.#known;
    const found = await lookUpAll(names, known, this.#lookUp, signal);
    this.#known = found.known;
    if (this.list.filter(({ place }) => place !== null).length > maxFound) {
      this.#known = known;
      return { ttl: null, faults: [tooMany] };
    }
    return { ttl: null, faults: found.faults };
  }
}

/** The host that is looked up; null where there is none. */
function nameOf({ url, unixSocket }: BackendSpec): string | null {
  if (unixSocket !== null) return null;
  const { host } = parseOrigin(url);
  return host.includes(':') || /^[\d.]+$/.test(host) ? null : host;
}

const tooMany = `more than ${maxFound} backends`;

/** The targets of the SRV records of a name. The one configured backend says how they are asked. */
export class ServiceSource implements DiscoverySource {
  readonly #name: string;
  readonly #servers: Pick<NameServers, 'resolveSrv'>;
  readonly #lookUp: LookUpAddresses;
  #configured: readonly BackendSpec[] = [];
  #services: readonly FoundService[] = [];
  /** Of targets. */
  #known: ReadonlyMap<string, KnownAddresses> = new Map();

  constructor(name: string, servers: Pick<NameServers, 'resolveSrv'>, lookUp: LookUpAddresses) {
    this.#name = name;
    this.#servers = servers;
    this.#lookUp = lookUp;
  }

  get list(): readonly BackendSpec[] {
    return this.#configured.flatMap((spec) => atServices(spec, this.#services));
  }

  configure(configured: readonly BackendSpec[]): void {
    this.#configured = configured;
  }

  inherit(former: DiscoverySource): void {
    if (!(former instanceof ServiceSource) || former.#name !== this.#name) return;
    this.#services = former.#services;
    this.#known = former.#known;
  }

  async look(signal: AbortSignal): Promise<LookupResult> {
    const records = await this.#records();
    signal.throwIfAborted();
    const targets = [...new Set(records.map(({ name }) => name.toLowerCase()))];
    const found = await lookUpAll(targets, this.#known, this.#lookUp, signal);
    const services = records
      .map(({ priority, weight, port, name }) => {
        const { ipv4, ipv6 } = found.known.get(name.toLowerCase()) ?? noAddresses;
        // Of a target with both the IPv6 addresses are the same machine once more.
        return { priority, weight, port, addresses: ipv4.length > 0 ? ipv4 : ipv6 };
      })
      .filter(({ addresses }) => addresses.length > 0);
    const count = services.reduce((sum, { addresses }) => sum + addresses.length, 0);
    if (count > maxFound) return { ttl: null, faults: [tooMany] };
    this.#known = found.known;
    if (services.length > 0) this.#services = services;
    return { ttl: found.ttl, faults: found.faults };
  }

  async #records() {
    const name = this.#name;
    const records = await this.#servers.resolveSrv(name).catch((error: unknown) => {
      if (isNoRecord(error)) return [];
      throw error;
    });
    if (records.length > maxFound) throw new Error(tooMany);
    // RFC 2782: a target of "." says that there is no such service; a port of 0 can be none.
    const usable = records.filter(
      ({ name: target, port }) => target !== '' && target !== '.' && port > 0,
    );
    if (usable.length === 0) throw new Error(`${name} has no SRV records`);
    return usable;
  }
}

/** What a function returns, or yields. Until it has, the configured backends serve. */
export class FunctionSource implements DiscoverySource {
  readonly #listBackends: ListBackends;
  /** Those that it yields; null where it does not, or is to be called again. */
  #yielded: AsyncIterator<unknown> | null = null;
  #life = new AbortController();
  #configured: readonly BackendSpec[] = [];
  #found: readonly BackendSpec[] | null = null;

  constructor(listBackends: ListBackends) {
    this.#listBackends = listBackends;
  }

  get list(): readonly BackendSpec[] {
    return this.#found ?? this.#configured;
  }

  get follows(): boolean {
    return this.#yielded !== null;
  }

  configure(configured: readonly BackendSpec[]): void {
    this.#configured = configured;
  }

  inherit(former: DiscoverySource): void {
    if (former instanceof FunctionSource) this.#found = former.#found;
  }

  async look(signal: AbortSignal): Promise<LookupResult> {
    signal.addEventListener('abort', () => this.#stop(signal.reason), { once: true });
    const given = await this.#next(signal);
    signal.throwIfAborted();
    if (given === ended)
      return { ttl: null, faults: this.#found === null ? ['no list was yielded'] : [] };
    const isTooLong = Array.isArray(given) && given.length > maxFound;
    if (isTooLong) return { ttl: null, faults: [tooMany] };
    const faults = new Faults();
    const list = readBackendList(given, 'list', faults);
    if (faults.list.length > 0) {
      return { ttl: null, faults: faults.list.map(({ key, message }) => `${key}: ${message}`) };
    }
    if (list.length === 0) return { ttl: null, faults: ['the list is empty'] };
    this.#found = list;
    return { ttl: null, faults: [] };
  }

  close(): void {
    this.#stop(createError('RIT_ERR_SHUTDOWN'));
  }

  async #next(signal: AbortSignal): Promise<unknown> {
    if (this.#yielded === null) {
      this.#life = new AbortController();
      const given: unknown = await this.#listBackends(this.#life.signal);
      if (!isAsyncIterable(given)) return given;
      signal.throwIfAborted();
      this.#yielded = given[Symbol.asyncIterator]();
    }
    const yielded = this.#yielded;
    try {
      const { done, value } = await yielded.next();
      if (done !== true) return value;
    } catch (error) {
      this.#forget(yielded);
      throw error;
    }
    this.#forget(yielded);
    return ended;
  }

  #forget(yielded: AsyncIterator<unknown>): void {
    if (this.#yielded === yielded) this.#yielded = null;
  }

  #stop(reason: unknown): void {
    const yielded = this.#yielded;
    this.#yielded = null;
    this.#life.abort(reason);
    // What it does at its end is of no interest any more.
    yielded?.return?.().catch(() => undefined);
  }
}

/** In place of a list: the function yields no more. */
const ended = Symbol('ended');

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

interface Learned {
  readonly known: ReadonlyMap<string, KnownAddresses>;
  readonly ttl: number | null;
  readonly faults: readonly string[];
}

/** Looks up many names, a few at a time. Of each that fails, what was known is kept. */
async function lookUpAll(
  names: readonly string[],
  before: ReadonlyMap<string, KnownAddresses>,
  lookUp: LookUpAddresses,
  signal: AbortSignal,
): Promise<Learned> {
  const known = new Map<string, KnownAddresses>();
  const faults: string[] = [];
  let ttl: number | null = null;
  const take = (name: string, found: FoundAddresses | null, fault: string | null): void => {
    const former = before.get(name);
    const learned = found === null ? null : learn(former ?? noAddresses, found);
    const kept = learned ?? former;
    if (kept !== undefined) known.set(name, kept);
    if (found !== null && found.ttl !== null) ttl = Math.min(ttl ?? found.ttl, found.ttl);
    if (fault !== null) faults.push(`${name}: ${fault}`);
    else if (learned === null) faults.push(`${name} has no addresses`);
  };
  const waiting = names.values();
  const worker = async (): Promise<void> => {
    for (const name of waiting) {
      try {
        const found = await lookUp(name);
        take(name, found, found.fault);
      } catch (error) {
        take(name, null, messageOf(error));
      }
      signal.throwIfAborted();
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxConcurrent, names.length) }, worker));
  return { known, ttl, faults };
}

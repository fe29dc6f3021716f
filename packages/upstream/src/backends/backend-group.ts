/**
 * Several backends with the interface of one. A request is given to whom the policy picks among those that are
 * up; what comes of it says how the backend is. The machines that decide are in `balance`, `health` and `retry`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Deadline, Deadlines } from '@reverseit/core/deadlines';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { type DispatchLimits, dispatchLimits } from '../exchange/dispatch-limits.ts';
import { checkHandler, checkProtocol } from '../exchange/message/handler-check.ts';
import type { ClientConnection, RequestInput } from '../exchange/message/upstream-request.ts';
import type { ResponseHandler, UpgradeHandler } from '../exchange/message/upstream-response.ts';
import type { OriginValues } from '../options/origin-options.ts';
import type { ConnectionPool, OriginPool } from '../pool/pool.ts';
import { AffinityCookie } from './affinity-cookie.ts';
import type { BackendStateChange, BackendStatus } from './backend-status.ts';
import { hash32 } from './balance/hash.ts';
import type { Admission, RandomSource } from './balance/policy.ts';
import { Discovery, type DiscoveryDelegate } from './discovery.ts';
import { type ExchangeGroup, GroupExchange, type GroupedExchange } from './group-exchange.ts';
import { GroupMembers } from './group-members.ts';
import type { GroupRequest } from './group-request.ts';
import { StatusSet } from './health/status-set.ts';
import type { Member } from './member.ts';
import { type BackendInput, type BackendSpec, resolveBackendList } from './options/backend-list.ts';
import { discoveryFault } from './options/discovery-options.ts';
import { type GroupValues, retryTriggers } from './options/group-options.ts';
import { countsAgainst } from './retry/failure-kind.ts';
import type { RetryRules } from './retry/group-retry-policy.ts';
import { RetryBudget } from './retry/retry-budget.ts';

/** Several backends behind one way to ask them. */
export interface BackendGroup extends Omit<OriginPool, 'dispatch' | 'upgrade'> {
  /** The cookie of the option `affinity`; null without. */
  readonly affinity: AffinityCookie | null;
  /**
   * As `dispatch` of an origin; where nobody is left the handler is told `RIT_ERR_NO_BACKEND`. What it throws,
   * it throws before anything was sent.
   */
  dispatch(
    request: GroupRequest,
    limits: DispatchLimits | undefined,
    handler: ResponseHandler,
  ): GroupedExchange;
  /** As `upgrade` of an origin. */
  upgrade(
    request: GroupRequest,
    limits: DispatchLimits | undefined,
    handler: UpgradeHandler,
    protocol?: string,
  ): GroupedExchange;
  backends(): readonly BackendStatus[];
  /**
   * Replaces the list. Who stays, by name and URL, keeps its connections, its health and its share. What is under
   * way with who leaves goes on.
   * @throws ConfigError `RIT_ERR_CONFIG` that names what is wrong; nothing is changed then
   */
  setBackends(list: BackendInput | readonly BackendInput[]): void;
  /** Gives a backend no new requests. What is under way goes on. False where none has the name. */
  drain(name: string): boolean;
  /** Ends draining and an ejection. False where none has the name. */
  enable(name: string): boolean;
  /** Resolves when the first look-up of `discovery` has ended, however it did; at once without. */
  ready(): Promise<void>;
  /**
   * Ends every check, look-up and timer. What was accepted by then is still served; the pool is the caller's to close.
   */
  release(): void;
}

/** A group as the proxy uses it: its lists are checked already. */
export interface CheckedBackendGroup extends BackendGroup {
  has(name: string): boolean;
  replace(list: readonly BackendSpec[]): void;
}

/** What a group reports. */
export interface GroupObserver {
  readonly onBackendState: ((change: BackendStateChange) => void) | null;
  readonly onDiscoveryError: ((error: ReverseItError) => void) | null;
}

/** What a pick is strict about: first everything, in the end only what was promised. */
const STRICTNESS = { ALL: 2, ROOM: 1, LIMITS: 0 } as const;

/** @internal What `createBackendGroup` makes. */
export class Group
  implements CheckedBackendGroup, ExchangeGroup, DiscoveryDelegate, Admission<Member>
{
  readonly affinity: AffinityCookie | null;
  readonly deadlines: Deadlines;
  readonly retryRules: RetryRules;
  readonly perTryTimeout: number;
  readonly backOff: number;
  /** Attempts under way. */
  active = 0;
  /** Requests under way, between two attempts as well. */
  #requests = 0;
  readonly #values: GroupValues;
  readonly #originOptions: OriginValues;
  readonly #discovery: Discovery | null;
  readonly #observer: GroupObserver;
  readonly #random: RandomSource;
  readonly #budget: RetryBudget;
  readonly #failureStatus: StatusSet | null;
  readonly #isHashing: boolean;
  readonly #members: GroupMembers;
  #released = false;
  /** Where the clients are whose connections log in; null while there is none. */
  #homes: WeakMap<ClientConnection, Member> | null = null;
  // Of the pick at hand.
  #tried: readonly Member[] | null = null;
  #strictness: number = STRICTNESS.ALL;
  #chance = 0;

  constructor(
    pool: ConnectionPool,
    values: GroupValues,
    origin: OriginValues,
    observer: GroupObserver,
    random: RandomSource,
  ) {
    this.#values = values;
    this.#originOptions = origin;
    this.#observer = observer;
    this.#random = random;
    this.deadlines = pool.deadlines;
    const { affinity, discovery, outlierDetection, retry } = values;
    this.#discovery =
      discovery === null
        ? null
        : new Discovery(pool.deadlines, random, pool.network, discovery, this);
    this.affinity =
      affinity === null
        ? null
        : new AffinityCookie({
            ...affinity,
            cookie: affinity.cookie ?? '',
            secret: affinity.secret ?? '',
          });
    this.#members = new GroupMembers(
      pool,
      values,
      origin,
      random,
      this.affinity,
      observer.onBackendState,
    );
    this.retryRules = {
      ...(retryTriggers(retry.on) ?? noTriggers),
      attempts: retry.attempts,
      methods: new Set(retry.methods),
    };
    this.#failureStatus = StatusSet.parse(outlierDetection.failureStatus);
    this.perTryTimeout = retry.perTryTimeout;
    this.backOff = retry.backOff;
    this.#budget = new RetryBudget(retry.budget);
    this.#isHashing = values.loadBalancing === 'hash';
  }

  // ————— Requests.

  get hasRoom(): boolean {
    for (const member of this.#members.all()) {
      if (member.isAvailable && isFree(member) && member.origin.hasRoom) return true;
    }
    return false;
  }

  dispatch(
    request: GroupRequest,
    limits: DispatchLimits | undefined,
    handler: ResponseHandler,
  ): GroupedExchange {
    return this.#send(request, limits, handler, null, '');
  }

  upgrade(
    request: GroupRequest,
    limits: DispatchLimits | undefined,
    handler: UpgradeHandler,
    protocol = 'websocket',
  ): GroupedExchange {
    checkProtocol(protocol);
    return this.#send(request, limits, handler, handler, protocol);
  }

  #send(
    request: GroupRequest,
    limits: DispatchLimits | undefined,
    handler: ResponseHandler,
    onSwitch: UpgradeHandler | null,
    protocol: string,
  ): GroupedExchange {
    if (this.#originOptions.checkRequests) checkHandler(handler, onSwitch !== null);
    const given = limits?.responseHeaderTimeout ?? dispatchLimits.responseHeaderTimeout.default;
    const timeout = given === 0 || given === 'infinity' ? Number.POSITIVE_INFINITY : given;
    // Where nothing ends an attempt sooner, one that hangs takes all of its time, and another has to follow.
    const triesMore = this.perTryTimeout > 0 && this.perTryTimeout < timeout;
    const patience = triesMore ? timeout : 2 * timeout;
    const exchange = new GroupExchange(
      this,
      request,
      limits,
      handler,
      onSwitch,
      protocol,
      patience,
    );
    exchange.begin();
    return exchange;
  }

  // ————— What exchanges ask, and say.

  now(): number {
    return this.deadlines.now();
  }

  random(): number {
    return this.#random();
  }

  arm(deadline: Deadline, ms: number): void {
    this.deadlines.queue(ms).arm(deadline);
  }

  pick(request: GroupRequest, tried: readonly Member[] | null): Member | null {
    const { backendName } = request;
    if (backendName !== undefined && backendName !== null) {
      const member = this.#members.get(backendName);
      return member?.isAvailable === true && isFree(member) ? member : null;
    }
    const bound = this.#homeOf(request) ?? this.#boundBy(request);
    if (bound?.isAvailable === true && isFree(bound) && tried?.includes(bound) !== true) {
      return bound;
    }
    const key = this.#isHashing ? hash32(request.hashKey ?? '') : 0;
    // For hashing it follows from the key, so that a key moves to who warms up once and for all.
    this.#chance =
      this.#members.warming === 0 ? 0 : this.#isHashing ? key / 2 ** 32 : this.#random();
    this.#tried = tried;
    const picked = this.#pickAny(key);
    if (picked !== null || tried === null) return picked;
    this.#tried = null;
    return this.#pickAny(key);
  }

  #boundBy(request: GroupRequest): Member | undefined {
    return this.affinity === null ? undefined : this.#members.boundTo(request.affinityId ?? '');
  }

  #pickAny(key: number): Member | null {
    for (const { policy } of this.#members.tiers) {
      for (this.#strictness = STRICTNESS.ALL; this.#strictness >= 0; this.#strictness--) {
        const picked = policy.pick(key, this);
        if (picked !== null) return picked;
      }
    }
    return null;
  }

  /** Admission: whether the request at hand may go to a member that is up. */
  admits(member: Member): boolean {
    if (!isFree(member) || this.#tried?.includes(member) === true) return false;
    if (this.#strictness === STRICTNESS.LIMITS) return true;
    if (!member.origin.hasRoom) return false;
    if (this.#strictness === STRICTNESS.ROOM || this.#members.warming === 0) return true;
    return this.#chance < member.state.share(this.now());
  }

  #homeOf({ client }: GroupRequest): Member | undefined {
    if (this.#homes === null || client === undefined || client === null) return undefined;
    const member = this.#homes.get(client);
    // It may have left.
    return member !== undefined && this.#members.get(member.name) === member ? member : undefined;
  }

  keepClient({ client }: RequestInput, member: Member): void {
    if (client === undefined || client === null || client.multiplexed === true) return;
    this.#homes ??= new WeakMap();
    this.#homes.set(client, member);
  }

  onRequest(): void {
    this.#budget.earn(++this.#requests);
  }

  onSettled(): void {
    this.#requests--;
  }

  onBegin(member: Member, isRetry: boolean): void {
    this.active++;
    member.begin(isRetry);
  }

  onEnd(member: Member): void {
    this.active--;
    member.end();
  }

  onResponse(member: Member, status: number, elapsed: number): void {
    const now = this.now();
    if (this.#failureStatus?.has(status) === true) {
      member.failed(elapsed, now);
      this.#members.considerEjection(member, `status ${status}`, now);
    } else member.succeeded(elapsed, now);
  }

  onFailure(member: Member, error: ReverseItError, elapsed: number): void {
    if (!countsAgainst(error)) return;
    const now = this.now();
    member.failed(elapsed, now);
    this.#members.considerEjection(member, error.message, now);
  }

  takeRetry(): boolean {
    return this.#budget.take();
  }

  releaseRetry(): void {
    this.#budget.release();
  }

  // ————— Members.

  backends(): readonly BackendStatus[] {
    const now = this.now();
    return Array.from(this.#members.all(), (member) => member.status(now));
  }

  has(name: string): boolean {
    return this.#members.get(name) !== undefined;
  }

  setBackends(list: BackendInput | readonly BackendInput[]): void {
    const specs = resolveBackendList(list);
    const { discovery } = this.#values;
    const fault =
      discovery !== null && discovery.list !== null
        ? 'setBackends: the function of discovery says which backends there are'
        : discoveryFault(this.#values, specs);
    if (fault !== null) throw createError('RIT_ERR_CONFIG', fault);
    this.replace(specs);
  }

  /** The same of a list that is checked already. */
  replace(list: readonly BackendSpec[]): void {
    if (this.#released) return;
    if (this.#discovery === null) this.#members.replace(list);
    else this.#discovery.configure(list);
  }

  /** Begins with what another group knows. */
  inherit(former: Group): void {
    this.#members.inherit(former.#members);
    if (former.#discovery !== null) this.#discovery?.inherit(former.#discovery);
  }

  ready(): Promise<void> {
    return this.#discovery === null ? Promise.resolve() : this.#discovery.ready;
  }

  onDiscovered(list: readonly BackendSpec[]): void {
    if (this.#released || isDeepStrictEqual(list, this.#members.list)) return;
    this.#members.replace(list);
  }

  onDiscoveryError(error: ReverseItError): void {
    this.#observer.onDiscoveryError?.(error);
  }

  drain(name: string): boolean {
    const member = this.#members.get(name);
    member?.state.drain(this.now());
    return member !== undefined;
  }

  enable(name: string): boolean {
    const member = this.#members.get(name);
    member?.state.enable(this.now());
    return member !== undefined;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#discovery?.close();
    this.#members.close();
  }
}

const noTriggers = { onConnect: false, onReset: false, onTimeout: false, onStatus: null };

const isFree = ({ active, spec }: Member): boolean => active < spec.maxRequests;

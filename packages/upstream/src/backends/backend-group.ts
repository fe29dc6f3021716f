/**
 * Several backends with the interface of one. A request is given to whom the policy picks among those that are
 * up; what comes of it says how the backend is. The machines that decide are in `balance`, `health` and `retry`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Deadline, Deadlines } from '@reverseit/core/deadlines';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { readUpgrade } from '@reverseit/core/http';
import { resolveOptions } from '@reverseit/core/options';
import { type DispatchLimits, dispatchLimits } from '../exchange/dispatch-limits.ts';
import { checkHandler } from '../exchange/handler-check.ts';
import type { ClientConnection, RequestInput } from '../exchange/upstream-request.ts';
import type { ResponseHandler, UpgradeHandler } from '../exchange/upstream-response.ts';
import { type Origin, parseOrigin } from '../options/origin.ts';
import { type OriginOptions, type OriginValues, originOptions } from '../options/origin-options.ts';
import { ConnectionPool, type OriginPool, type Pool } from '../pool/pool.ts';
import { AffinityCookie } from './affinity-cookie.ts';
import { type BackendInput, type BackendSpec, resolveBackendList } from './backend-list.ts';
import type { BackendStateChange, BackendStatus } from './backend-status.ts';
import { hash32 } from './balance/hash.ts';
import { createPolicy } from './balance/policies.ts';
import type { Admission, Policy, RandomSource } from './balance/policy.ts';
import { Discovery, type DiscoveryDelegate } from './discovery.ts';
import { type ExchangeGroup, GroupExchange, type GroupedExchange } from './group-exchange.ts';
import {
  type GroupOptions,
  type GroupValues,
  groupOptions,
  retryTriggers,
} from './group-options.ts';
import type { GroupRequest } from './group-request.ts';
import type { StateRules } from './health/backend-state.ts';
import { mayEject } from './health/ejection-limit.ts';
import { StatusSet } from './health/status-set.ts';
import { HealthCheck, type HealthCheckRules, HttpProbe, TcpProbe } from './health-check.ts';
import { Member, type MemberOwner } from './member.ts';
import { countsAgainst } from './retry/failure-kind.ts';
import type { RetryRules } from './retry/group-retry-policy.ts';
import { RetryBudget } from './retry/retry-budget.ts';
import { type SubsetOptions, takeSubset } from './subset.ts';

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

/** Beside the table: what is code. */
export interface BackendGroupOptions extends GroupOptions {
  /** Called with each change of a backend's state. Must not throw. */
  readonly onBackendState?: ((change: BackendStateChange) => void) | undefined;
  /** Called with `RIT_ERR_DISCOVERY` when a look-up fails for another reason than the last one. Must not throw. */
  readonly onDiscoveryError?: ((error: ReverseItError) => void) | undefined;
  /** As of an origin. Default: true. */
  readonly checkRequests?: boolean | undefined;
  /** As of an origin. Default: "pooled". */
  readonly connection?: OriginOptions['connection'];
}

/**
 * Makes a group of backends on the connections of a pool.
 * @param random chance, for tests
 * @throws ConfigError `RIT_ERR_CONFIG` that names every fault
 */
export function createBackendGroup(
  pool: Pool,
  list: BackendInput | readonly BackendInput[],
  options: BackendGroupOptions = {},
  random: () => number = Math.random,
): BackendGroup {
  const { onBackendState, onDiscoveryError, checkRequests, connection, ...given } = options;
  const values = resolveOptions(groupOptions, given);
  const origin = resolveOptions(originOptions, { checkRequests, connection });
  const specs = resolveBackendList(list);
  const fault = discoveryFault(values, specs);
  if (fault !== null) throw createError('RIT_ERR_CONFIG', fault);
  return makeBackendGroup(pool, specs, values, origin, random, {
    onBackendState: onBackendState ?? null,
    onDiscoveryError: onDiscoveryError ?? null,
  });
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

/** What `discovery` cannot do with a list; null where it can. */
export function discoveryFault(
  { discovery }: Pick<GroupValues, 'discovery'>,
  list: readonly BackendSpec[],
): string | null {
  if (discovery === null || discovery.list !== null || discovery.type === 'dns') return null;
  return list.length === 1
    ? null
    : 'discovery of type "srv" expects one backend, for its scheme and name';
}

/**
 * The same of options that are checked already.
 * @param former what its discovery knows, the new one begins with
 */
export function makeBackendGroup(
  pool: Pool,
  list: readonly BackendSpec[],
  values: GroupValues,
  origin: OriginValues,
  random: RandomSource,
  observer: GroupObserver,
  former: CheckedBackendGroup | null = null,
): CheckedBackendGroup {
  if (!(pool instanceof ConnectionPool)) {
    throw createError(
      'RIT_ERR_CONFIG',
      'createBackendGroup: expected a pool that createPool has made',
    );
  }
  const group = new Group(pool, values, origin, observer, random);
  if (former instanceof Group) group.inherit(former);
  group.replace(list);
  return group;
}

/** Those of one rank: the next one serves when nobody here can. */
interface Tier {
  readonly rank: number;
  /** The same array as long as the list is the same. */
  readonly members: readonly Member[];
  readonly policy: Policy<Member>;
}

/** What a pick is strict about: first everything, in the end only what was promised. */
const STRICTNESS = { ALL: 2, ROOM: 1, LIMITS: 0 } as const;

class Group
  implements CheckedBackendGroup, ExchangeGroup, MemberOwner, DiscoveryDelegate, Admission<Member>
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
  readonly #pool: ConnectionPool;
  readonly #values: GroupValues;
  readonly #originOptions: OriginValues;
  readonly #discovery: Discovery | null;
  readonly #observer: GroupObserver;
  readonly #random: RandomSource;
  readonly #stateRules: StateRules;
  readonly #budget: RetryBudget;
  readonly #failureStatus: StatusSet | null;
  readonly #isHashing: boolean;
  /** All there are, of which `subset` may use a part. */
  #list: readonly BackendSpec[] = [];
  #members = new Map<string, Member>();
  #byAffinity = new Map<string, Member>();
  readonly #checks = new Map<Member, HealthCheck>();
  #tiers: readonly Tier[] = [];
  #warming = 0;
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
    this.#pool = pool;
    this.#values = values;
    this.#originOptions = origin;
    this.#observer = observer;
    this.#random = random;
    this.deadlines = pool.deadlines;
    const { affinity, discovery, healthCheck, outlierDetection, retry, slowStart } = values;
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
    this.#stateRules = {
      healthyThreshold: healthCheck?.healthyThreshold ?? 1,
      unhealthyThreshold: healthCheck?.unhealthyThreshold ?? 1,
      consecutiveFailures: outlierDetection.consecutiveFailures,
      ejectionTime: outlierDetection.ejectionTime,
      maxEjectionTime: outlierDetection.maxEjectionTime,
      slowStart,
    };
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
    for (const member of this.#members.values()) {
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
    if (!readUpgrade(['upgrade', protocol])?.length) {
      throw createError(
        'RIT_ERR_INTERNAL',
        'upgrade: expected the name of a protocol (RFC 9110 §7.8)',
      );
    }
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
    this.#chance = this.#warming === 0 ? 0 : this.#isHashing ? key / 2 ** 32 : this.#random();
    this.#tried = tried;
    const picked = this.#pickAny(key);
    if (picked !== null || tried === null) return picked;
    this.#tried = null;
    return this.#pickAny(key);
  }

  #boundBy(request: GroupRequest): Member | undefined {
    return this.affinity === null ? undefined : this.#byAffinity.get(request.affinityId ?? '');
  }

  #pickAny(key: number): Member | null {
    for (const { policy } of this.#tiers) {
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
    if (this.#strictness === STRICTNESS.ROOM || this.#warming === 0) return true;
    return this.#chance < member.state.share(this.now());
  }

  #homeOf({ client }: GroupRequest): Member | undefined {
    if (this.#homes === null || client === undefined || client === null) return undefined;
    const member = this.#homes.get(client);
    // It may have left.
    return member !== undefined && this.#members.get(member.name) === member ? member : undefined;
  }

  keepClient({ client }: RequestInput, member: Member): void {
    if (client === undefined || client === null) return;
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
      this.#considerEjection(member, `status ${status}`, now);
    } else member.succeeded(elapsed, now);
  }

  onFailure(member: Member, error: ReverseItError, elapsed: number): void {
    if (!countsAgainst(error)) return;
    const now = this.now();
    member.failed(elapsed, now);
    this.#considerEjection(member, error.message, now);
  }

  takeRetry(): boolean {
    return this.#budget.take();
  }

  releaseRetry(): void {
    this.#budget.release();
  }

  #considerEjection(member: Member, reason: string, now: number): void {
    if (!member.state.ejectionDue || this.#members.get(member.name) !== member) return;
    let ejected = 0;
    let available = 0;
    for (const { state } of this.#members.values()) {
      if (state.ejectedUntil !== null) ejected++;
      if (state.isAvailable) available++;
    }
    const { maxEjectedPercent } = this.#values.outlierDetection;
    if (!mayEject(this.#members.size, ejected, available, maxEjectedPercent)) return;
    member.state.eject(reason, now);
  }

  // ————— Members.

  backends(): readonly BackendStatus[] {
    const now = this.now();
    return [...this.#members.values()].map((member) => member.status(now));
  }

  has(name: string): boolean {
    return this.#members.has(name);
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
    if (this.#discovery === null) this.#setMembers(list);
    else this.#discovery.configure(list);
  }

  inherit(former: Group): void {
    if (former.#discovery !== null) this.#discovery?.inherit(former.#discovery);
  }

  ready(): Promise<void> {
    return this.#discovery === null ? Promise.resolve() : this.#discovery.ready;
  }

  onDiscovered(list: readonly BackendSpec[]): void {
    if (this.#released || isDeepStrictEqual(list, this.#list)) return;
    this.#setMembers(list);
  }

  onDiscoveryError(error: ReverseItError): void {
    this.#observer.onDiscoveryError?.(error);
  }

  #setMembers(list: readonly BackendSpec[]): void {
    this.#list = list;
    const { subset } = this.#values;
    const isFirst = this.#members.size === 0 && this.#tiers.length === 0;
    const wanted = subset === null ? list : takeSubset(list, subset as SubsetOptions);
    const before = this.#members;
    this.#members = new Map();
    for (const spec of wanted) {
      const known = before.get(spec.name);
      const stays = known !== undefined && isSamePlace(known.spec, spec);
      if (stays) {
        known.spec = spec;
        before.delete(spec.name);
      }
      this.#members.set(spec.name, stays ? known : this.#join(spec, isFirst));
    }
    for (const member of before.values()) this.#leave(member);
    this.#byAffinity = new Map();
    if (this.affinity !== null) {
      for (const member of this.#members.values()) this.#byAffinity.set(member.affinityId, member);
    }
    this.#rank();
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
    for (const member of this.#members.values()) this.#leave(member);
  }

  onMemberState(member: Member, change: BackendStateChange): void {
    if (this.#members.get(member.name) === member) this.#update();
    this.#observer.onBackendState?.(change);
  }

  #join(spec: BackendSpec, isFirst: boolean): Member {
    const origin = originOf(spec);
    const way = this.#pool.originAt(origin, this.#originOptions);
    const id = this.affinity === null ? '' : this.affinity.idOf(spec.name);
    const member = new Member(spec, way, id, this.#stateRules, this);
    if (!isFirst) member.state.begin(this.now());
    const { healthCheck } = this.#values;
    if (healthCheck !== null) this.#checks.set(member, this.#startCheck(member, healthCheck));
    return member;
  }

  #startCheck(member: Member, rules: HealthCheckRules): HealthCheck {
    const delegate = {
      onCheckPassed: () => member.checkPassed(this.now()),
      onCheckFailed: (reason: string) => member.checkFailed(reason, this.now()),
    };
    const check = new HealthCheck(this.deadlines, this.#random, rules, delegate, (self) => {
      const origin = originOf(member.spec, rules.port);
      if (rules.type === 'tcp') return new TcpProbe(self, this.#pool.connector(origin));
      const way = this.#pool.originAt(origin, checkOptions);
      return new HttpProbe(self, way, member.authority, rules);
    });
    check.start();
    return check;
  }

  #leave(member: Member): void {
    this.#checks.get(member)?.close();
    this.#checks.delete(member);
    member.close();
  }

  /** The list has changed. */
  #rank(): void {
    const ranks = new Map<number, Member[]>();
    for (const member of this.#members.values()) {
      if (member.weight === 0) continue;
      const { tier } = member.spec;
      const members = ranks.get(tier);
      if (members === undefined) ranks.set(tier, [member]);
      else members.push(member);
    }
    const { loadBalancing } = this.#values;
    const clock = () => this.now();
    this.#tiers = [...ranks.entries()]
      .sort(([a], [b]) => a - b)
      .map(([rank, members]) => ({
        rank,
        members,
        policy:
          this.#tiers.find((tier) => tier.rank === rank)?.policy ??
          createPolicy<Member>(loadBalancing, this.#random, clock),
      }));
    this.#update();
  }

  /** Who is up has changed. */
  #update(): void {
    this.#warming = 0;
    for (const { state } of this.#members.values()) if (state.name === 'warming') this.#warming++;
    for (const { policy, members } of this.#tiers) {
      policy.update(
        members.filter(({ isAvailable }) => isAvailable),
        members,
      );
    }
  }
}

const noTriggers = { onConnect: false, onReset: false, onTimeout: false, onStatus: null };

/** Of checks: a connection for each, and requests of our own. */
const checkOptions = resolveOptions(originOptions, {
  connection: 'one-shot',
  checkRequests: false,
});

const isFree = ({ active, spec }: Member): boolean => active < spec.maxRequests;

/** `port` instead of the backend's own, for checks. */
function originOf({ url, unixSocket, place }: BackendSpec, port: number | null = null): Origin {
  if (port === null) return parseOrigin(url, unixSocket, place);
  const other = new URL(url);
  other.port = String(port);
  return parseOrigin(other, null, place === null ? null : { host: place.host, port });
}

function isSamePlace(one: BackendSpec, other: BackendSpec): boolean {
  return (
    one.url === other.url &&
    one.unixSocket === other.unixSocket &&
    one.place?.host === other.place?.host &&
    one.place?.port === other.place?.port
  );
}

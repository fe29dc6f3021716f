/**
 * The members of a group: who is in the list, who of them is up, and in what order they serve. What the list says, and
 * what checks and requests find, becomes of each; the policies are told when it changes.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Deadlines } from '@reverseit/core/deadlines';
import { resolveOptions } from '@reverseit/core/options';
import { checkPort, type Origin, parseOrigin } from '../options/origin.ts';
import { type OriginValues, originOptions } from '../options/origin-options.ts';
import type { ConnectionPool } from '../pool/pool.ts';
import type { AffinityCookie } from './affinity-cookie.ts';
import type { BackendStateChange } from './backend-status.ts';
import { createPolicy } from './balance/policies.ts';
import type { Policy, RandomSource } from './balance/policy.ts';
import type { StateRules } from './health/backend-state.ts';
import { mayEject } from './health/ejection-limit.ts';
import { HealthCheck, type HealthCheckRules, HttpProbe, TcpProbe } from './health-check.ts';
import { Member, type MemberOwner } from './member.ts';
import type { BackendSpec } from './options/backend-list.ts';
import type { GroupValues } from './options/group-options.ts';
import { type SubsetOptions, takeSubset } from './subset.ts';

/** Those of one rank: the next one serves when nobody here can. */
export interface Tier {
  readonly rank: number;
  /** The same array as long as the list is the same. */
  readonly members: readonly Member[];
  readonly policy: Policy<Member>;
}

export class GroupMembers implements MemberOwner {
  readonly deadlines: Deadlines;
  /** All there are, of which `subset` may use a part. */
  list: readonly BackendSpec[] = [];
  /** Those that may be picked, by their ranks. */
  tiers: readonly Tier[] = [];
  /** How many have less than their full share. */
  warming = 0;
  readonly #pool: ConnectionPool;
  readonly #values: GroupValues;
  readonly #origin: OriginValues;
  readonly #random: RandomSource;
  readonly #affinity: AffinityCookie | null;
  readonly #onBackendState: ((change: BackendStateChange) => void) | null;
  readonly #rules: StateRules;
  #members = new Map<string, Member>();
  /** What the first list is to begin with; null afterwards. */
  #former: GroupMembers | null = null;
  #isClosed = false;
  #byAffinity = new Map<string, Member>();
  readonly #checks = new Map<Member, HealthCheck>();

  constructor(
    pool: ConnectionPool,
    values: GroupValues,
    origin: OriginValues,
    random: RandomSource,
    affinity: AffinityCookie | null,
    onBackendState: ((change: BackendStateChange) => void) | null,
  ) {
    this.#pool = pool;
    this.#values = values;
    this.#origin = origin;
    this.#random = random;
    this.#affinity = affinity;
    this.#onBackendState = onBackendState;
    this.deadlines = pool.deadlines;
    const { healthCheck, outlierDetection, slowStart } = values;
    this.#rules = {
      healthyThreshold: healthCheck?.healthyThreshold ?? 1,
      unhealthyThreshold: healthCheck?.unhealthyThreshold ?? 1,
      consecutiveFailures: outlierDetection.consecutiveFailures,
      ejectionTime: outlierDetection.ejectionTime,
      maxEjectionTime: outlierDetection.maxEjectionTime,
      slowStart,
    };
  }

  all(): Iterable<Member> {
    return this.#members.values();
  }

  get(name: string): Member | undefined {
    return this.#members.get(name);
  }

  /** The one that an id of an affinity cookie stands for. */
  boundTo(id: string): Member | undefined {
    return this.#byAffinity.get(id);
  }

  /** Begins with what another group knows of those that are members of both. */
  inherit(former: GroupMembers): void {
    this.#former = former.#members.size === 0 ? former.#former : former;
  }

  /** Who stays, by name and place, is kept with all that is known of it. */
  replace(list: readonly BackendSpec[]): void {
    this.list = list;
    const { subset } = this.#values;
    const isFirst = this.#members.size === 0 && this.tiers.length === 0;
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
    this.#former = null;
    this.#byAffinity = new Map();
    if (this.#affinity !== null) {
      for (const member of this.#members.values()) this.#byAffinity.set(member.affinityId, member);
    }
    this.#rank();
  }

  /** Requests have failed: ejects the member where that is due, and others are left. */
  considerEjection(member: Member, reason: string, now: number): void {
    if (this.#isClosed || this.#members.get(member.name) !== member) return;
    if (!member.state.ejectionDue) return;
    let members = 0;
    let ejected = 0;
    let available = 0;
    for (const { state, weight } of this.#members.values()) {
      if (weight === 0) continue;
      members++;
      if (state.ejectedUntil !== null) ejected++;
      if (state.isAvailable) available++;
    }
    const { maxEjectedPercent } = this.#values.outlierDetection;
    if (!mayEject(members, ejected, available, maxEjectedPercent)) return;
    member.state.eject(reason, now);
  }

  /** Requests that are under way end; what they meet changes no state any more. */
  close(): void {
    this.#isClosed = true;
    for (const member of this.#members.values()) this.#leave(member);
  }

  onMemberState(member: Member, change: BackendStateChange): void {
    if (this.#members.get(member.name) === member) this.#update();
    this.#onBackendState?.(change);
  }

  #join(spec: BackendSpec, isFirst: boolean): Member {
    const origin = originOf(spec);
    const way = this.#pool.originAt(origin, this.#origin);
    const id = this.#affinity === null ? '' : this.#affinity.idOf(spec.name);
    const member = new Member(spec, way, id, this.#rules, this);
    const { healthCheck } = this.#values;
    const former = this.#former;
    const known = former?.get(spec.name);
    if (former !== null && known !== undefined && isSamePlace(known.spec, spec)) {
      member.inherit(known, isDeepStrictEqual(former.#values.healthCheck, healthCheck));
    } else if (!isFirst || former !== null) member.state.begin(this.deadlines.now());
    if (healthCheck !== null) this.#checks.set(member, this.#startCheck(member, healthCheck));
    return member;
  }

  #startCheck(member: Member, rules: HealthCheckRules): HealthCheck {
    const delegate = {
      onCheckPassed: () => member.checkPassed(this.deadlines.now()),
      onCheckFailed: (reason: string) => member.checkFailed(reason, this.deadlines.now()),
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
    const clock = () => this.deadlines.now();
    this.tiers = [...ranks.entries()]
      .sort(([a], [b]) => a - b)
      .map(([rank, members]) => ({
        rank,
        members,
        policy:
          this.tiers.find((tier) => tier.rank === rank)?.policy ??
          createPolicy<Member>(loadBalancing, this.#random, clock),
      }));
    this.#update();
  }

  /** Who is up has changed. */
  #update(): void {
    // The last one is never ejected, nor does it stay so once the others are down, drained or gone.
    if (!this.#servesAnyone()) this.#endEjections();
    this.warming = 0;
    for (const { state } of this.#members.values()) if (state.name === 'warming') this.warming++;
    for (const { policy, members } of this.tiers) {
      policy.update(
        members.filter(({ isAvailable }) => isAvailable),
        members,
      );
    }
  }

  #servesAnyone(): boolean {
    return this.tiers.some(({ members }) => members.some(({ isAvailable }) => isAvailable));
  }

  #endEjections(): void {
    const now = this.deadlines.now();
    for (const { members } of this.tiers) for (const { state } of members) state.endEjection(now);
  }
}

/** Of checks: a connection for each, and requests of our own. */
const checkOptions = resolveOptions(originOptions, {
  connection: 'one-shot',
  checkRequests: false,
});

/** `port` instead of the backend's own, for checks. */
function originOf({ url, unixSocket, place }: BackendSpec, port: number | null = null): Origin {
  if (port === null) return parseOrigin(url, unixSocket, place);
  const other = new URL(url);
  other.port = String(port);
  return checkPort(parseOrigin(other, null, place === null ? null : { host: place.host, port }));
}

function isSamePlace(one: BackendSpec, other: BackendSpec): boolean {
  return (
    one.url === other.url &&
    one.unixSocket === other.unixSocket &&
    one.place?.host === other.place?.host &&
    one.place?.port === other.place?.port
  );
}

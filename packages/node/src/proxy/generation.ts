/**
 * What serves requests by one set of options: routes with their hooks, backends and pools. A reload builds the
 * next one out of options, and keeps of the former one what has stayed the same.
 */
import type { Deadlines } from '@reverseit/core/deadlines';
import type { OriginPool } from '@reverseit/upstream';
import type { OnFinish } from '../hooks/hooks.ts';
import { Observer } from '../hooks/observer.ts';
import { RouteHooks } from '../hooks/route-hooks.ts';
import type { OpenSet } from '../lifecycle/open-set.ts';
import type { ProxyMeters } from '../metrics/proxy-meters.ts';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.ts';
import { RouteTable } from '../routes/route-table.ts';
import { Tracing } from '../tracing/open-telemetry.ts';
import { ClientTrust } from './forwarded/client-trust.ts';
import type { PlacedRoute, ProxyRuntime } from './handle-request.ts';
import { ProxyStatus } from './headers/proxy-status.ts';
import { UpgradeRules } from './headers/upgrade-rules.ts';
import { BufferBudget } from './runtime/buffer-budget.ts';
import type { ProxyShared } from './runtime/proxy-shared.ts';
import { RequestIds } from './runtime/request-ids.ts';
import {
  type RouteGroup,
  type RouteOrigins,
  routeBackends,
  routeOrigins,
} from './runtime/route-backends.ts';
import { RoutePools } from './runtime/route-pools.ts';
import { RouteRuntime } from './runtime/route-runtime.ts';
import type { OpenWebSockets } from './websocket/open-websockets.ts';

export type EngineOptions = Pick<
  ResolvedProxyOptions,
  | 'routes'
  | 'hooks'
  | 'outerHooks'
  | 'hookTimeout'
  | 'maxBufferedRequestBytes'
  | 'requestId'
  | 'proxyStatus'
  | 'trustedProxies'
  | 'trustedProxyHeaders'
  | 'accessLog'
  | 'tracing'
>;

/** What all generations share. */
export interface GenerationOwner {
  /** Null where nobody counts. */
  readonly meters: ProxyMeters | null;
  readonly accessLog: OnFinish | null;
  readonly deadlines: Deadlines;
  readonly webSockets: OpenWebSockets;
  readonly tunnels: OpenSet;
  /** That of the generation that serves now. */
  readonly observer: Observer;
}

/** A request ends by the one that it began with. */
export interface Generation {
  readonly runtime: ProxyRuntime;
  readonly pools: RoutePools;
  /** The ways to backends that its routes hold. */
  readonly origins: readonly OriginPool[];
  /** Of routes that several backends serve, by the name of the route. */
  readonly groups: ReadonlyMap<string, RouteGroup>;
  /** Of routes whose backends may be chosen by URL, by the name of the route. */
  readonly chosen: ReadonlyMap<string, RouteOrigins>;
  readonly upgrades: UpgradeRules;
  readonly maxBufferedRequestBytes: number;
}

/** @throws ConfigError `RIT_ERR_CONFIG` for options that cannot be used; nothing of it is left then */
export function buildGeneration(
  options: EngineOptions,
  former: Generation | null,
  owner: GenerationOwner,
): Generation {
  const { meters, accessLog, deadlines, webSockets, tunnels } = owner;
  const { outerHooks, hookTimeout, maxBufferedRequestBytes, requestId } = options;
  const { proxyStatus, trustedProxies, trustedProxyHeaders } = options;
  const pools = new RoutePools(former?.pools ?? null, meters?.origins ?? null);
  const origins: OriginPool[] = [];
  const groups = new Map<string, RouteGroup>();
  const chosen = new Map<string, RouteOrigins>();
  const named = new Map<string, RouteRuntime>();
  const shared: ProxyShared = {
    observer: new Observer(
      options.hooks,
      meters?.errors,
      options.accessLog === null ? null : accessLog,
    ),
    proxyStatus: proxyStatus === false ? null : new ProxyStatus(proxyStatus),
    trust: trustedProxies.empty ? null : new ClientTrust(trustedProxies, trustedProxyHeaders),
    named,
    unrouted: new RouteHooks(outerHooks, null, deadlines.queue(hookTimeout)),
    requestIds: requestId === null ? null : new RequestIds(requestId),
    tracing: options.tracing ? new Tracing() : null,
    deadlines,
    buffers:
      former?.maxBufferedRequestBytes === maxBufferedRequestBytes
        ? former.runtime.shared.buffers
        : new BufferBudget(maxBufferedRequestBytes),
    webSockets,
    tunnels,
    meters,
  };
  try {
    for (const route of options.routes) {
      const pool = pools.get(route.pool);
      const name = RouteRuntime.nameOf(route);
      const backends = routeBackends(route, pool, former?.groups.get(name) ?? null, {
        onBackendState: (change) => owner.observer.onBackendState({ ...change, route: name }),
        onDiscoveryError: (error) => owner.observer.onDiscoveryError(error, name),
      });
      if (backends.origin !== null) origins.push(backends.origin);
      if (backends.group !== null) groups.set(name, backends.group);
      const unused = deadlines.queue(route.pool.connMaxIdleTime);
      const ways = routeOrigins(route, pool, former?.chosen.get(name) ?? null, unused);
      if (ways !== null) chosen.set(name, ways);
      const runtime = new RouteRuntime(route, backends, ways, outerHooks, shared, pool.streams);
      named.set(runtime.name, runtime);
    }
  } catch (error) {
    discard({ pools, origins }, former);
    throw error;
  }
  return {
    runtime: { routes: new RouteTable([...named.values()].filter(isPlaced)), shared },
    pools,
    origins,
    groups,
    chosen,
    upgrades: new UpgradeRules(options.routes.flatMap((route) => route.upgrades)),
    maxBufferedRequestBytes,
  };
}

/** `next` serves from now on: releases what only `former` needed. Requests in progress still end on `former`. */
export function replaceGeneration(next: Generation, former: Generation): void {
  // Connections to backends that are needed no more are closed as they become idle.
  for (const origin of former.origins) if (!next.origins.includes(origin)) origin.release();
  // A group that is kept has had its former list until now; another one has begun with its own.
  for (const [name, { group, list }] of next.groups) {
    if (former.groups.get(name)?.group === group) group.replace(list);
  }
  replaceChosen(former.chosen, next.chosen);
}

const isPlaced = (route: RouteRuntime): route is PlacedRoute => route.path !== null;

/** Origins that were chosen stay where their routes do, and still allow them. */
function replaceChosen(
  former: ReadonlyMap<string, RouteOrigins>,
  next: ReadonlyMap<string, RouteOrigins>,
): void {
  const kept = new Set([...next.values()].map(({ origins }) => origins));
  for (const { origins } of former.values()) if (!kept.has(origins)) origins.close();
  for (const { origins, allowed, max } of next.values()) origins.adopt(allowed, max);
}

/** Releases what was built and will not serve. What the former options hold as well is theirs. */
export function discard(
  { origins, pools }: Pick<Generation, 'origins' | 'pools'>,
  former: Generation | null,
): void {
  for (const origin of origins) if (former?.origins.includes(origin) !== true) origin.release();
  pools.discard();
}

/** Who serves a route: one backend, as most have it, or a group of them. */
import { isDeepStrictEqual } from 'node:util';
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import { type BackendUrl, pickOptions } from '@reverseit/core/options';
import type { OriginPool } from '@reverseit/upstream';
import {
  type BackendSpec,
  type CheckedBackendGroup,
  type GroupObserver,
  type GroupValues,
  groupOptions,
  makeBackendGroup,
} from '@reverseit/upstream/internal';
import { AllowedBackends } from '../../options/backends/allowed-backends.ts';
import type { ResolvedRouteOptions } from '../../options/route-options.ts';
import { ChosenOrigins } from './chosen-origins.ts';
import type { RoutePool } from './route-pools.ts';

/** A group, and what it was made of. */
export interface RouteGroup {
  readonly group: CheckedBackendGroup;
  readonly pool: RoutePool;
  readonly values: GroupValues;
  readonly connection: ResolvedRouteOptions['upstreamConnection'];
  readonly list: readonly BackendSpec[];
}

/** The ways to backends that `chooseBackend` names by URL, and what they were made of. */
export interface RouteOrigins {
  readonly origins: ChosenOrigins;
  readonly allowed: AllowedBackends;
  readonly max: number;
  readonly pool: RoutePool;
  readonly connection: ResolvedRouteOptions['upstreamConnection'];
}

export interface RouteBackends {
  /** The way to ask; null where the application answers by itself. */
  readonly origin: OriginPool | null;
  /** Where the way is a group; else null. */
  readonly group: RouteGroup | null;
  /** The one backend; null where there is none, or a group. */
  readonly single: BackendUrl | null;
}

const defaults = {
  retry: groupOptions.retry.default,
  outlierDetection: groupOptions.outlierDetection.default,
};

/**
 * `former` is the group that the route of this name had: where nothing but its list has changed it is kept,
 * and whoever commits the routes gives it the list. Another one begins with what the former one knows of its
 * backends, and has discovered.
 */
export function routeBackends(
  options: ResolvedRouteOptions,
  pool: RoutePool,
  former: RouteGroup | null,
  observer: GroupObserver,
): RouteBackends {
  const { backend, backendList, upstreamConnection: connection, unixSocket } = options;
  const list =
    backendList ?? (backend === null ? emptyList(options) : [specOf(backend, unixSocket)]);
  if (list === null) return { origin: null, group: null, single: null };
  // Requests come from core's parser, and options were checked.
  const way = { connection, checkRequests: false } as const;
  if (backend !== null && !wantsGroup(options)) {
    const origin = pool.open().origin(backend.href, { ...way, unixSocket });
    return { origin, group: null, single: backend };
  }
  const values = pickOptions(groupOptions, options);
  const isSame =
    former?.pool === pool &&
    former.connection === connection &&
    isDeepStrictEqual(former.values, values);
  const group = isSame
    ? former.group
    : makeBackendGroup(
        pool.open(),
        list,
        values,
        { ...way, unixSocket: null },
        Math.random,
        observer,
        former?.group,
      );
  return { origin: group, group: { group, pool, values, connection, list }, single: null };
}

/**
 * Null where no URL may be chosen. `former` are those of the route of this name, which are kept where the
 * connections are the same; whoever commits the routes gives them the rules.
 */
export function routeOrigins(
  { chooseBackend, allowBackends, maxOrigins: max, upstreamConnection }: ResolvedRouteOptions,
  pool: RoutePool,
  former: RouteOrigins | null,
  unused: DeadlineQueue,
): RouteOrigins | null {
  if (chooseBackend === null || allowBackends.length === 0) return null;
  const allowed = new AllowedBackends(allowBackends);
  const connection = upstreamConnection;
  if (former?.pool === pool && former.connection === connection) {
    return { ...former, allowed, max };
  }
  const connections = pool.open();
  const way = { connection, checkRequests: false } as const;
  const origins = new ChosenOrigins((url) => connections.origin(url, way), unused, max);
  return { origins, allowed, max, pool, connection };
}

/** Whether one backend has what only a group offers. */
function wantsGroup({
  chooseBackend,
  healthCheck,
  affinity,
  discovery,
  retry,
  outlierDetection,
}: ResolvedRouteOptions): boolean {
  return (
    chooseBackend !== null ||
    healthCheck !== null ||
    affinity !== null ||
    discovery !== null ||
    retry !== defaults.retry ||
    outlierDetection !== defaults.outlierDetection
  );
}

/** Where a function says which backends there are, none need be configured. */
function emptyList({ discovery }: ResolvedRouteOptions): readonly BackendSpec[] | null {
  return discovery !== null && discovery.list !== null ? [] : null;
}

function specOf(
  { href, secure, authority, pathPrefix }: BackendUrl,
  unixSocket: string | null,
): BackendSpec {
  return {
    name: href,
    url: href,
    secure,
    authority,
    pathPrefix,
    weight: 1,
    tier: 0,
    maxRequests: Number.POSITIVE_INFINITY,
    unixSocket,
    place: null,
  };
}

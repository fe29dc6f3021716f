import { type ResolvedServerOptions, serverOptions } from '@reverseit/core/internal/server';
import {
  defaultValues,
  Faults,
  isPlainObject,
  keyPath,
  nearMiss,
  type OptionValues,
  pickOptions,
  readOptions,
  show,
} from '@reverseit/core/options';
import { poolOptions } from '@reverseit/upstream';
import { type BackendSpec, discoveryFault, poolFault } from '@reverseit/upstream/internal';
import type { RingHooks } from '../hooks/route-hooks.ts';
import type { AccessLogSettings } from '../logging/access/access-log.ts';
import {
  type LogSettings,
  standardErrorLogger,
  standardErrorLoggerOf,
} from '../logging/standard-error.ts';
import { isUnder } from '../routes/path-prefix.ts';
import { foreignHint } from './foreign-words.ts';
import { ringHookOptions, serverHookOptions } from './hook-options.ts';
import {
  type ResolvedListener,
  readListeners,
  withTrustedPeers,
} from './listeners/listener-options.ts';
import { proxyOptions } from './proxy-options.ts';
import { type ResolvedRouteOptions, routeOptions } from './route-options.ts';

type TopValues = OptionValues<typeof proxyOptions>;

/** Options beside `routes` that go on as they were read. */
const asGiven = [
  'shutdownDelay',
  'websocketCloseDelay',
  'readyFile',
  'workers',
  'admin',
  'maxBufferedRequestBytes',
  'proxyStatus',
  'trustedProxies',
  'trustedProxyHeaders',
  'requestId',
  'tracing',
  'hookTimeout',
] as const satisfies readonly (keyof TopValues)[];

/** Options of a proxy, checked, complete and frozen. */
export interface ResolvedProxyOptions extends Pick<TopValues, (typeof asGiven)[number]> {
  /** What listeners go by where they say nothing else. */
  readonly server: ResolvedServerOptions;
  /** At least one. */
  readonly listeners: readonly ResolvedListener[];
  /** In ms; `Infinity` where a close waits as long as it takes. */
  readonly closeTimeout: number;
  /** Whether anybody counts. */
  readonly metrics: boolean;
  readonly hooks: OptionValues<typeof serverHookOptions>;
  /** Null where there is none. */
  readonly accessLog: AccessLogSettings | null;
  readonly log: LogSettings;
  /** Hooks beside `routes`, which run around those of a route. */
  readonly outerHooks: RingHooks;
  /** At least one, and no two for the same host and path. Hooks beside `routes` are not among theirs. */
  readonly routes: readonly ResolvedRouteOptions[];
}

/**
 * Checks the options of a proxy and completes them.
 *
 * @param elsewhere says of an option that has no place here where it belongs.
 * @throws ConfigError (`RIT_ERR_CONFIG`) that lists every fault.
 */
export function resolveProxyOptions(
  input: unknown,
  elsewhere: ReadonlyMap<string, string> = new Map(),
): ResolvedProxyOptions {
  const faults = new Faults();
  refuseMisplaced(input, elsewhere, faults);
  const initial = defaultValues(proxyOptions);
  const top = readOptions(proxyOptions, input, '', faults, initial, belongsElsewhere);
  // What is a default for all routes. Hooks are not: they run as well as those of a route.
  const base = Object.freeze({
    ...pickOptions(routeOptions, top),
    ...defaultValues(ringHookOptions),
  });
  const places = readRoutes(input, base, faults);
  for (const { key, values } of [{ key: '', values: base }, ...places]) {
    checkPool(key, values.pool, faults);
  }
  for (const place of places) checkRoute(place, faults);
  refuseRepeats(places, faults);
  refuseUnreachable(places, faults);
  const server = pickOptions(serverOptions, top);
  const listeners = withTrustedPeers(
    readListeners(top.listen, 'listen', server, faults),
    top.trustedProxies,
    faults,
  );
  faults.throwIfAny();
  const kept = Object.fromEntries(asGiven.map((key) => [key, top[key]]));
  return Object.freeze({
    ...(kept as Pick<TopValues, (typeof asGiven)[number]>),
    server,
    listeners,
    closeTimeout: top.closeTimeout === 0 ? Number.POSITIVE_INFINITY : top.closeTimeout,
    metrics: top.metrics || top.admin !== null,
    hooks: Object.freeze({ ...pickOptions(serverHookOptions, top), logger: loggerOf(top) }),
    accessLog: accessLogOf(top),
    log: Object.freeze({ logFormat: top.logFormat, logLevel: top.logLevel }),
    outerHooks: pickOptions(ringHookOptions, top),
    routes: Object.freeze(places.map(({ values }) => values)),
  });
}

/** What is not the application's own is as the options say. */
const loggerOf = (top: TopValues): TopValues['logger'] =>
  top.logger === standardErrorLogger ? standardErrorLoggerOf(top) : top.logger;

const accessLogOf = (top: TopValues): AccessLogSettings | null =>
  top.accessLog === null
    ? null
    : { file: top.accessLog, format: top.accessLogFormat, maxBuffered: top.accessLogBuffer };

function refuseMisplaced(
  input: unknown,
  elsewhere: ReadonlyMap<string, string>,
  faults: Faults,
): void {
  if (!isPlainObject(input)) return;
  for (const [key, where] of elsewhere) {
    if (Object.hasOwn(input, key) && input[key] !== undefined) faults.add(key, where);
  }
}

type RouteValues = OptionValues<typeof routeOptions>;

/** A route and where it stands in the configuration. */
interface Place {
  readonly key: string;
  readonly values: ResolvedRouteOptions;
}

function readRoutes(input: unknown, base: RouteValues, faults: Faults): readonly Place[] {
  const given: readonly unknown[] =
    isPlainObject(input) && Array.isArray(input.routes) ? [...input.routes] : [];
  if (given.length === 0) return [{ key: '', values: withDecided(base, input) }];
  const pools = new Map<unknown, RouteValues['pool']>();
  return given.map((route, index) => {
    const key = `routes[${index}]`;
    const values = readOptions(routeOptions, route, key, faults, base, belongsAbove);
    // Routes that were given the same object mean the same pool.
    const named = isPlainObject(route) ? route.pool : undefined;
    const pool = pools.get(named) ?? values.pool;
    pools.set(named, pool);
    return { key, values: withDecided({ ...values, pool }, route, input) };
  });
}

/** A backend that is told the public host makes public URLs by itself, unless the user says otherwise. */
function withDecided(values: RouteValues, ...inputs: readonly unknown[]): ResolvedRouteOptions {
  const isGiven = inputs.some((one) => isPlainObject(one) && one.rewriteLocation !== undefined);
  const rewriteLocation = values.rewriteLocation && (isGiven || !values.preserveHostHeader);
  const { backend } = values;
  const sides = isList(backend)
    ? { backend: null, backendList: backend }
    : { backend, backendList: null };
  return Object.freeze({ ...values, ...sides, rewriteLocation });
}

const isList = (backend: RouteValues['backend']): backend is readonly BackendSpec[] =>
  Array.isArray(backend);

/** Of a key that is no option: where it belongs, or what it is called here. */
const belongsElsewhere = (key: string): string | undefined =>
  foreignHint(key) ?? belongsInPool(key);

function belongsInPool(key: string): string | undefined {
  if (Object.hasOwn(poolOptions, key)) return `set it inside pool: {${key}}`;
  const near = nearMiss(key, Object.keys(poolOptions));
  const meant = near !== null && nearMiss(key, Object.keys(proxyOptions)) === null;
  return meant ? `did you mean pool: {${near}}?` : undefined;
}

const belongsAbove = (key: string): string | undefined =>
  Object.hasOwn(proxyOptions, key)
    ? 'it applies to the whole server; set it beside routes'
    : belongsElsewhere(key);

/** A pool that is inherited is at fault once. */
function checkPool(key: string, pool: RouteValues['pool'], faults: Faults): void {
  const inherited = 'pool.sendProxyProtocol';
  const fault = faults.has(inherited) ? null : poolFault(pool);
  if (fault !== null) faults.add(key === '' ? inherited : `${key}.${inherited}`, fault);
}

/** Rules that span the options of one route. Silent about options that were rejected already. */
function checkRoute({ key, values }: Place, faults: Faults): void {
  const { backend, backendList, chooseBackend, discovery, path, respond, stripPath, unixSocket } =
    values;
  const wrong = (name: string): boolean => faults.has(keyPath(key, name)) || faults.has(name);
  const add = (name: string, message: string): void => faults.add(keyPath(key, name), message);
  const isAsked = backend !== null || backendList !== null || isFound(discovery);
  const isAnswered = respond !== null || chooseBackend !== null;
  if (!isAsked && !isAnswered && !wrong('backend') && !wrong('respond'))
    add('backend', 'required; expected the URL of a backend');
  if (backendList !== null && unixSocket !== null && !wrong('unixSocket'))
    add('unixSocket', 'set it in the entries of backend, which has a list');
  if (backendList !== null && !wrong('backend') && !wrong('discovery')) {
    const fault = discoveryFault(values, backendList);
    if (fault !== null) add('backend', fault);
  }
  if (path === null) {
    // Of the only one `refuseUnreachable` tells.
    if (key !== '' && values.name === null && !wrong('name'))
      add('name', 'required if path is null, so that a hook can select the route');
    return;
  }
  if (stripPath !== null && !wrong('stripPath') && !wrong('path')) {
    if (!isUnder(path, stripPath) && !isUnder(stripPath, path)) {
      add('stripPath', `${stripPath} never matches a route with path ${path}`);
    }
  }
}

/** Whether a function says which backends there are. */
const isFound = (discovery: RouteValues['discovery']): boolean =>
  discovery !== null && discovery.list !== null;

function refuseRepeats(places: readonly Place[], faults: Faults): void {
  const byPlace = new Map<string, string>();
  const byName = new Map<string, string>();
  for (const { key, values } of places) {
    if (faults.has(keyPath(key, 'path')) || faults.has(keyPath(key, 'host'))) continue;
    const place = placeOf(values);
    const same = place === null ? undefined : byPlace.get(place);
    if (same !== undefined) {
      faults.add(key, `has the same host and path as ${same}`);
      continue;
    }
    if (place !== null) byPlace.set(place, key);
    const name = values.name ?? place ?? '';
    const namesake = byName.get(name);
    if (namesake === undefined) byName.set(name, key);
    else if (!faults.has(keyPath(key, 'name'))) {
      const text = `${show(name)} is also the name of ${namesake}; route names must be unique`;
      faults.add(keyPath(key, 'name'), text);
    }
  }
}

/** A host holds no slash and a path begins with one, so the two cannot run into each other. */
const placeOf = ({ host, path }: ResolvedRouteOptions): string | null =>
  path === null ? null : `${host ?? ''}${path}`;

/** A proxy that no request can reach. */
function refuseUnreachable(places: readonly Place[], faults: Faults): void {
  if (places.some(({ key, values }) => values.path !== null || faults.has(keyPath(key, 'path')))) {
    return;
  }
  const accepts =
    'a path such as "/api"; null is only for one of several routes, selected by a hook';
  faults.refuse('path', null, accepts);
}

/** A route ready to serve: what its options mean, worked out once. */

import type { Exchange } from '@reverseit/core';
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import { catalog, type ReverseItError } from '@reverseit/core/errors';
import { type FieldSection, getField, hasField } from '@reverseit/core/http';
import { type BackendUrl, pickOptions } from '@reverseit/core/options';
import {
  type BackendGroup,
  type ChosenBackend,
  type DispatchLimits,
  dispatchLimits,
  type OriginPool,
} from '@reverseit/upstream';
import { type RingHooks, RouteHooks } from '../../hooks/route-hooks.ts';
import type { RouteMeter } from '../../metrics/route-meter.ts';
import { AllowedBackends } from '../../options/backends/allowed-backends.ts';
import type { ResolvedRouteOptions } from '../../options/route-options.ts';
import { CookieRewrite } from '../headers/cookie-rewrite.ts';
import { LocationRewrite } from '../headers/location-rewrite.ts';
import { failureFields } from '../headers/proxy-status.ts';
import { RequestRewrite } from '../headers/request-rewrite.ts';
import { TargetRewrite } from '../headers/target-rewrite.ts';
import { UpgradeRules } from '../headers/upgrade-rules.ts';
import { RelaySettings } from '../websocket/relay-settings.ts';
import type { RelayObserver } from '../websocket/websocket-relay.ts';
import type { Choices } from './backend-choice.ts';
import type { ProxyShared } from './proxy-shared.ts';
import type { RouteBackends, RouteOrigins } from './route-backends.ts';
import type { StreamShare } from './stream-share.ts';

const plainText = ['content-type', 'text/plain; charset=utf-8'];

/** The answer to a response of the backend that is malformed or beyond a limit. */
const badGateway = { status: 502, headers: plainText, body: 'Bad Gateway' };

const nothingAllowed = new AllowedBackends([]);

export class RouteRuntime {
  readonly host: string | null;
  /** Null where only hooks choose the route. */
  readonly path: string | null;
  /** For logs: the option `name`, else host and path as configured, such as `example.org/api`. */
  readonly name: string;
  readonly options: ResolvedRouteOptions;
  readonly target: TargetRewrite;
  readonly request: RequestRewrite;
  /** Null where URLs of the backend stay as they are. */
  readonly locations: LocationRewrite | null;
  /** Null where cookies stay as they are. */
  readonly cookies: CookieRewrite | null;
  readonly limits: DispatchLimits;
  /** The same, for handshakes of WebSockets. */
  readonly upgradeLimits: DispatchLimits;
  readonly relays: RelaySettings;
  readonly upgrades: UpgradeRules;
  readonly tunnelIdle: DeadlineQueue;
  /** Null where the application answers by itself. */
  readonly origin: OriginPool | null;
  /** The same where several backends serve the route; else null. */
  readonly group: BackendGroup | null;
  /** What `chooseBackend` chooses from. */
  readonly choices: Choices;
  /** Of the pool, for requests whose client waits. */
  readonly streams: StreamShare;
  /** How long a client may be silent before its body, if it has no length, is streamed. */
  readonly bufferDelay: DeadlineQueue;
  /** Scheme and authority of the backend; empty where there is none, or a group. */
  readonly backendOrigin: string;
  readonly hooks: RouteHooks;
  readonly shared: ProxyShared;
  /** Null where nobody counts. */
  readonly meter: RouteMeter | null;
  /** Whether a request needs a context: hooks may see it, or somebody wants its record. */
  readonly needsContext: boolean;
  /** Told of the end of WebSockets of which nobody wants a record. */
  readonly relayObserver: RelayObserver;
  readonly #rules = new WeakMap<ChosenBackend, BackendRules>();

  /** `outer` are the hooks beside `routes`. */
  constructor(
    options: ResolvedRouteOptions,
    { origin, group, single }: RouteBackends,
    chosen: RouteOrigins | null,
    outer: RingHooks,
    shared: ProxyShared,
    streams: StreamShare,
  ) {
    const { host, path, stripPath } = options;
    this.host = host;
    this.path = path;
    this.name = RouteRuntime.nameOf(options);
    this.options = options;
    this.target = new TargetRewrite({
      path,
      stripPath,
      pathPrefix: single?.pathPrefix ?? '',
    });
    this.request = new RequestRewrite(
      options,
      single?.authority ?? null,
      shared.requestIds?.header ?? null,
    );
    this.locations = locationRewrite(options, single);
    this.cookies = cookieRewrite(options, single);
    this.limits = pickOptions(dispatchLimits, options);
    this.upgradeLimits = {
      ...this.limits,
      responseHeaderTimeout: options.websocketBackendUpgradeTimeout,
    };
    this.relays = new RelaySettings(options, shared.webSockets.deadlines);
    this.upgrades = new UpgradeRules(options.upgrades);
    this.tunnelIdle = shared.tunnels.deadlines.queue(
      options.tunnelIdleTimeout ?? options.websocketIdleTimeout,
    );
    this.origin = origin;
    this.group = group?.group ?? null;
    this.choices = {
      group: group?.group ?? null,
      allowed: chosen?.allowed ?? nothingAllowed,
      origins: chosen?.origins ?? null,
    };
    this.streams = streams;
    this.bufferDelay = shared.deadlines.queue(options.requestBodyBufferDelay);
    this.backendOrigin = single === null ? '' : originAsWritten(single);
    this.hooks = new RouteHooks(outer, options, shared.deadlines.queue(options.hookTimeout));
    this.shared = shared;
    this.meter = shared.meters === null ? null : shared.meters.route(this.name);
    this.relayObserver = {
      onRelayOver: (error) => {
        if (error !== null)
          shared.observer.onFailure(error, { route: this.name, requestId: null }, 'GET');
      },
    };
    this.needsContext =
      this.hooks.beforeRequest ||
      this.hooks.onResponse.length > 0 ||
      shared.requestIds !== null ||
      shared.tracing !== null ||
      shared.observer.wantsRecord(this.hooks);
  }

  /** The option `name`, else host and path as configured. */
  static nameOf({ name, host, path }: ResolvedRouteOptions): string {
    return name ?? `${host ?? ''}${path ?? ''}`;
  }

  /** The rules for one of several backends. */
  rulesFor(backend: ChosenBackend): BackendRules {
    let rules = this.#rules.get(backend);
    if (rules === undefined) {
      rules = new BackendRules(this.options, backend);
      this.#rules.set(backend, rules);
    }
    return rules;
  }

  /**
   * Answers a failed exchange: as `errorResponse` says where the catalog lets it, else with the error's own
   * status.
   */
  answer(exchange: Exchange, error: ReverseItError): void {
    const fields = failureFields(this.shared.proxyStatus, error.code);
    if (exchange.headSent || error.status !== 502) {
      exchange.fail(error, fields);
      return;
    }
    const { status, headers, body } = catalog[error.code].errorResponse
      ? this.options.errorResponse
      : badGateway;
    exchange.respond(status, [...withType(headers), ...fields], body);
  }
}

/** What a route makes of requests for one of several backends, and of its responses. */
export class BackendRules {
  /** Scheme and authority. */
  readonly origin: string;
  readonly target: TargetRewrite;
  readonly locations: LocationRewrite | null;
  readonly cookies: CookieRewrite | null;

  constructor(options: ResolvedRouteOptions, backend: ChosenBackend) {
    const { path, stripPath } = options;
    const { url, pathPrefix } = backend;
    this.origin = originAsWritten({ href: url, pathPrefix });
    this.target = new TargetRewrite({ path, stripPath, pathPrefix });
    this.locations = locationRewrite(options, backend);
    this.cookies = cookieRewrite(options, backend);
  }
}

function locationRewrite(
  options: ResolvedRouteOptions,
  backend: Pick<BackendUrl, 'secure' | 'authority' | 'pathPrefix'> | null,
): LocationRewrite | null {
  const { rewriteLocation, addHeaders } = options;
  if (!rewriteLocation || backend === null) return null;
  const host = getField(addHeaders, 'host') ?? null;
  return new LocationRewrite({ backend, host });
}

function cookieRewrite(
  { rewriteCookies }: ResolvedRouteOptions,
  backend: Pick<BackendUrl, 'pathPrefix'> | null,
): CookieRewrite | null {
  if (rewriteCookies === null || backend === null) return null;
  return new CookieRewrite(rewriteCookies, backend.pathPrefix);
}

const withType = (fields: readonly string[]): FieldSection =>
  hasField(fields, 'content-type') ? [...fields] : [...plainText, ...fields];

/** Scheme and authority as the URL of a backend has them, `ws` included. */
const originAsWritten = ({ href, pathPrefix }: Pick<BackendUrl, 'href' | 'pathPrefix'>): string =>
  href.slice(0, href.length - pathPrefix.length);

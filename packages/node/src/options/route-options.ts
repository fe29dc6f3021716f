/** The options of a route. At the top level of a configuration they are defaults for all routes. */
import { reader } from '@reverseit/core/internal';
import {
  type BackendUrl,
  backendUrl,
  custom,
  defineOptions,
  type Faults,
  type Option,
  type OptionInput,
  type OptionValues,
  pathPrefix,
} from '@reverseit/core/options';
import { type BackendInput, dispatchLimits } from '@reverseit/upstream';
import { type BackendSpec, listAccepted, readBackendList } from '@reverseit/upstream/internal';
import { type BalancingInput, balancingOptions } from './backends/balancing-options.ts';
import { routeHookOptions } from './hook-options.ts';
import {
  type BackendRequestInput,
  backendRequestOptions,
} from './messages/backend-request-options.ts';
import {
  type BackendResponseInput,
  backendResponseOptions,
} from './messages/backend-response-options.ts';
import { type RequestBodyInput, requestBodyOptions } from './messages/request-body-options.ts';
import { type UpgradeInput, upgradeOptions } from './messages/upgrade-options.ts';
import { prefixOfUrlPattern, refusingPatterns } from './path-pattern.ts';

const group = 'Route';

/** The same row, where null is a value of its own. */
function orNull<In, Out>(row: Option<In, Out>): Option<In | null, Out | null> {
  return Object.freeze({
    ...row,
    read: (value: unknown, key: string, faults: Faults, base: Out | null): Out | null =>
      value === null ? null : row.read(value, key, faults, base ?? row.default),
  });
}

type Backends = BackendUrl | readonly BackendSpec[] | null;

const oneBackend = refusingPatterns(
  backendUrl({
    group,
    prose:
      'URL of the backend, optionally with a path prefix, or a list of backends; every scheme serves HTTP and WebSocket.',
    schemes: ['http:', 'https:', 'ws:', 'wss:'],
  }),
  prefixOfUrlPattern,
);

const backendSchema = {
  anyOf: [
    oneBackend.json,
    {
      type: 'object',
      properties: {
        url: oneBackend.json,
        name: { type: 'string', minLength: 1 },
        weight: { type: 'integer', minimum: 0, maximum: 65_535 },
        backup: { type: 'boolean' },
        maxRequests: { anyOf: [{ type: 'integer', minimum: 1 }, { const: 'infinity' }] },
        unixSocket: { type: 'string' },
      },
      required: ['url'],
      additionalProperties: false,
    },
  ],
};

const placeOptions = defineOptions({
  /**
   * URL of the backend, optionally with a path prefix, or a list of backends; every scheme serves HTTP and WebSocket.
   * Required.
   */
  backend: reader<string | URL | null | readonly BackendInput[], Backends>({
    group,
    kind: 'backends',
    prose: oneBackend.prose,
    default: null,
    defaultText: oneBackend.defaultText,
    accepts: listAccepted,
    text: { placeholder: 'URL', repeats: true, accepts: oneBackend.accepts },
    json: { anyOf: [oneBackend.json, { type: 'array', minItems: 1, items: backendSchema }] },
    read(value, key, faults) {
      if (!Array.isArray(value)) return oneBackend.read(value, key, faults, null);
      if (value.length > 0) return readBackendList(value, key, faults);
      faults.refuse(key, value, 'a list of at least one backend');
      return null;
    },
  }),
  /**
   * Path prefix to serve: "/api" serves /api/x, not /apis; the longest match wins. null: only a hook selects the route.
   * Default: "/". Error: 404.
   */
  path: orNull(
    refusingPatterns(
      pathPrefix({
        group,
        prose:
          'Path prefix to serve: "/api" serves /api/x, not /apis; the longest match wins. null: only a hook selects the route.',
        default: '/',
        answers: '404',
      }),
    ),
  ),
  /**
   * Host name to serve, on any port; "*.name" matches all subdomains of name.
   * Default: any. Error: 404.
   */
  host: custom<string | null, string | null>({
    group,
    kind: 'host',
    prose: 'Host name to serve, on any port; "*.name" matches all subdomains of name.',
    default: null,
    defaultText: 'any',
    accepts:
      'a host name in ASCII or an IP address without port, such as "example.org", "*.example.org" or "[::1]"',
    answers: '404',
    text: { placeholder: 'NAME' },
    json: { type: 'string' },
    check: (value) =>
      typeof value === 'string' && hostText.test(value)
        ? value.toLowerCase().replace(/\.$/, '')
        : undefined,
  }),
  /**
   * Prefix to remove from the request path before the path of the backend is prepended.
   * Default: none.
   */
  stripPath: refusingPatterns(
    pathPrefix({
      group,
      prose: 'Prefix to remove from the request path before the path of the backend is prepended.',
      default: null,
    }),
  ),
});

const hostText = /^(?:(?:\*\.)?[\w](?:[\w.-]{0,251}\w)?\.?|\[[\dA-Fa-f:.]+\])$/;

/** Every option of a route, in the order of the reference. */
export const routeOptions = defineOptions({
  ...placeOptions,
  ...backendRequestOptions,
  ...balancingOptions,
  ...dispatchLimits,
  ...backendResponseOptions,
  ...requestBodyOptions,
  ...upgradeOptions,
  ...routeHookOptions,
});

// Named table by table: declaration files keep the comments of a table's own file only.
type PlaceInput = OptionInput<typeof placeOptions>;
type LimitsInput = OptionInput<typeof dispatchLimits>;
type HookInput = OptionInput<typeof routeHookOptions>;

/** Options of a route, as a user writes them. */
export interface RouteOptions
  extends PlaceInput,
    BackendRequestInput,
    BalancingInput,
    LimitsInput,
    BackendResponseInput,
    RequestBodyInput,
    UpgradeInput,
    HookInput {}

type RouteValues = OptionValues<typeof routeOptions>;

/** Options of a route, checked, complete and frozen. In a timeout 0 means none. */
export interface ResolvedRouteOptions extends Omit<RouteValues, 'backend'> {
  /** The one backend; null where there is none, or a list. */
  readonly backend: BackendUrl | null;
  /** Several backends; null where there is none, or one. */
  readonly backendList: readonly BackendSpec[] | null;
}

/** The options of a whole proxy: the listener's, one route's or the defaults of several, and how to end. */

import type { ServerOptions } from '@reverseit/core';
import { booleanOrText } from '@reverseit/core/internal';
import { serverOptions } from '@reverseit/core/internal/server';
import {
  bytes,
  custom,
  defineOptions,
  delay,
  milliseconds,
  type OptionInput,
  string,
} from '@reverseit/core/options';
import { adminOptions } from './admin-options.ts';
import { serverHookOptions } from './hook-options.ts';
import { addressText } from './listeners/listen-address.ts';
import {
  defaultAddress,
  isListenInput,
  type ListenInput,
  listenAccepted,
  listenSchema,
} from './listeners/listener-options.ts';
import { type TrustInput, trustOptions } from './listeners/trust-options.ts';
import { observabilityOptions } from './observability-options.ts';
import { type RouteOptions, routeOptions } from './route-options.ts';
import { checkWorkers, maxWorkers, type Workers, workersAccepted } from './workers.ts';

const start = 'Start and shutdown';

const lifecycleOptions = defineOptions({
  /** JSON schema of the configuration file, for editors; otherwise ignored. Default: none. */
  $schema: custom<string | null, string | null>({
    group: start,
    kind: 'string',
    prose: 'JSON schema of the configuration file, for editors; otherwise ignored.',
    default: null,
    accepts: 'a string',
    text: null,
    json: { type: 'string' },
    check: (value) => (typeof value === 'string' ? value : undefined),
  }),
  /**
   * Address to listen on, or several; without a host: every address of the machine. A stale Unix socket is replaced.
   * Default: "127.0.0.1:4000".
   */
  listen: custom<ListenInput | readonly ListenInput[], unknown>({
    group: start,
    kind: 'address',
    prose:
      'Address to listen on, or several; without a host: every address of the machine. A stale Unix socket is replaced.',
    default: defaultAddress,
    accepts: listenAccepted,
    text: { ...addressText, repeats: true },
    json: listenSchema,
    // Read with the options of the server, which are the defaults of each (`listener-options.ts`).
    check: (value) => (isListenInput(value) ? value : undefined),
  }),
  /**
   * How long a graceful shutdown waits for requests in progress before it closes their connections.
   * Default: 30000 ms.
   */
  closeTimeout: milliseconds({
    group: start,
    prose:
      'How long a graceful shutdown waits for requests in progress before it closes their connections.',
    default: 30000,
  }),
  /**
   * How long a graceful shutdown, once readiness fails, still accepts connections; responses then close theirs.
   * Default: 0.
   */
  shutdownDelay: delay({
    group: start,
    prose:
      'How long a graceful shutdown, once readiness fails, still accepts connections; responses then close theirs.',
    default: 0,
  }),
  /**
   * Time over which a graceful shutdown spreads the closing of open WebSockets; at most closeTimeout.
   * Default: 0.
   */
  websocketCloseDelay: delay({
    group: start,
    prose:
      'Time over which a graceful shutdown spreads the closing of open WebSockets; at most closeTimeout.',
    default: 0,
  }),
  /**
   * File that the command writes once it listens, with the addresses as JSON, and removes when it begins to shut down.
   * Default: none.
   */
  readyFile: string({
    group: start,
    prose:
      'File that the command writes once it listens, with the addresses as JSON, and removes when it begins to shut down.',
    default: null,
    accepts: 'a file name',
    placeholder: 'FILE',
    check: (file) => file !== '' && !file.includes('\0'),
  }),
  /**
   * Number of worker processes of the command or createCluster; "auto" is one per core. Limits and pools are per worker.
   * Default: 1.
   */
  workers: custom<Workers, Workers>({
    group: start,
    kind: 'workers',
    prose:
      'Number of worker processes of the command or createCluster; "auto" is one per core. Limits and pools are per worker.',
    default: 1,
    accepts: workersAccepted,
    text: {
      placeholder: 'N|auto',
      parse: (text) => (/^\d{1,16}$/.test(text) ? Number(text) : text),
    },
    json: { anyOf: [{ type: 'integer', minimum: 1, maximum: maxWorkers }, { const: 'auto' }] },
    check: checkWorkers,
  }),
});

/** A token of structured fields (RFC 8941 §3.3.4). */
const statusName = /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/;

const sharedOptions = defineOptions({
  /**
   * Memory for buffered request bodies, over all requests; when it is used up, bodies are streamed.
   * Default: 268435456 bytes.
   */
  maxBufferedRequestBytes: bytes({
    group: 'Request body',
    prose:
      'Memory for buffered request bodies, over all requests; when it is used up, bodies are streamed.',
    default: 268435456,
    min: 0,
    lift: true,
  }),
  /**
   * Adds Proxy-Status (RFC 9209) to backend responses and errors, not to redirects. A token replaces the name ReverseIt.
   * Default: false.
   */
  proxyStatus: custom<boolean | string, string | false>({
    group: 'Backend response',
    kind: 'pseudonym',
    prose:
      'Adds Proxy-Status (RFC 9209) to backend responses and errors, not to redirects. A token replaces the name ReverseIt.',
    default: false,
    accepts: 'true, a token that names the proxy, or false',
    text: {
      placeholder: 'NAME|true',
      negatable: true,
      parse: booleanOrText,
    },
    json: { anyOf: [{ type: 'boolean' }, { type: 'string' }] },
    check: (value) => {
      if (typeof value === 'boolean') return value && 'ReverseIt';
      return typeof value === 'string' && statusName.test(value) ? value : undefined;
    },
  }),
});

const routesOptions = defineOptions({
  /**
   * Routes, each with its own options; options beside "routes" are the defaults for all of them.
   * Default: one route, from the options beside it.
   */
  routes: custom<readonly RouteOptions[], null>({
    group: 'Route',
    kind: 'routes',
    prose:
      'Routes, each with its own options; options beside "routes" are the defaults for all of them.',
    default: null,
    defaultText: 'one route, from the options beside it',
    accepts: 'an array of routes, at least one',
    text: null,
    json: { type: 'array', minItems: 1, items: { $ref: '#/definitions/route' } },
    check: (value) => (Array.isArray(value) && value.length > 0 ? null : undefined),
  }),
});

/** Every option of a proxy, in the order of the reference. */
export const proxyOptions = defineOptions({
  ...lifecycleOptions,
  ...routeOptions,
  ...routesOptions,
  ...trustOptions,
  ...sharedOptions,
  ...serverOptions,
  ...serverHookOptions,
  ...observabilityOptions,
  ...adminOptions,
});

// Named table by table: declaration files keep the comments of a table's own file only.
type LifecycleInput = OptionInput<typeof lifecycleOptions>;
type SharedInput = OptionInput<typeof sharedOptions>;
type RoutesInput = OptionInput<typeof routesOptions>;
type AdminInput = OptionInput<typeof adminOptions>;
type HookInput = OptionInput<typeof serverHookOptions>;
type ObservabilityInput = OptionInput<typeof observabilityOptions>;

/** Options of a proxy, as a user writes them. */
export interface ReverseItOptions
  extends LifecycleInput,
    RouteOptions,
    RoutesInput,
    TrustInput,
    SharedInput,
    ServerOptions,
    HookInput,
    ObservabilityInput,
    AdminInput {}

/** Types a configuration file: `export default defineConfig({ … })`. */
export function defineConfig(options: ReverseItOptions): ReverseItOptions {
  return options;
}

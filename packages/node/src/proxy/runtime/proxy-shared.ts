/** What all routes of a proxy share. */
import type { Deadlines } from '@reverseit/core/deadlines';
import type { Observer } from '../../hooks/observer.ts';
import type { RouteHooks } from '../../hooks/route-hooks.ts';
import type { OpenSet } from '../../lifecycle/open-set.ts';
import type { ProxyMeters } from '../../metrics/proxy-meters.ts';
import type { Tracing } from '../../tracing/open-telemetry.ts';
import type { ClientTrust } from '../forwarded/client-trust.ts';
import type { ProxyStatus } from '../headers/proxy-status.ts';
import type { OpenWebSockets } from '../websocket/open-websockets.ts';
import type { BufferBudget } from './buffer-budget.ts';
import type { RequestIds } from './request-ids.ts';
import type { RouteRuntime } from './route-runtime.ts';

export interface ProxyShared {
  readonly observer: Observer;
  /** Null where it is not sent. */
  readonly proxyStatus: ProxyStatus | null;
  /** Null where no proxy is trusted. */
  readonly trust: ClientTrust | null;
  /** By name, for hooks that choose. */
  readonly named: ReadonlyMap<string, RouteRuntime>;
  /** Hooks for requests that no route serves. */
  readonly unrouted: RouteHooks;
  /** Null where requests get none. */
  readonly requestIds: RequestIds | null;
  /** Null without OpenTelemetry. */
  readonly tracing: Tracing | null;
  /** Of what is not a connection's own. */
  readonly deadlines: Deadlines;
  readonly buffers: BufferBudget;
  readonly webSockets: OpenWebSockets;
  readonly tunnels: OpenSet;
  /** Null where nobody counts. */
  readonly meters: ProxyMeters | null;
}

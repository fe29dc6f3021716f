/**
 * The way of a request, step by step. Each step is marked where it is taken:
 *
 * 1. What concerns the proxy itself is answered: `OPTIONS *`, and a request whose hops have run out.
 * 2. The route is chosen by host and path (routes/route-table).
 * 3. `onRequest`, `respond` and `chooseBackend` run (hooked-request); they may change the request, its
 *    route or its backend, or answer it.
 * 4. The route's rules make the target and the fields for the backend (forward).
 * 5. The body is held until it is complete, or streamed (http/request-body).
 * 6. The pool is asked: admission, connection, retry (http/proxy-exchange; a handshake: upgrade/).
 * 7. The header rules apply to the response, then `onResponse` runs (http/hooked-response), and the head
 *    is sent.
 * 8. The body follows, with back-pressure; after a 101 a relay or a tunnel takes over (websocket/).
 * 9. The request is over: its record is written, `onFinish` runs (runtime/request-context).
 *
 * What fails at any step is answered in one place: runtime/answer-error.
 */
import type { Exchange } from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import type { RouteTable } from '../routes/route-table.ts';
import { isObserved } from '../tracing/channels.ts';
import { forward } from './forward.ts';
import { mayForward } from './headers/request-rewrite.ts';
import { HookedRequest } from './hooked-request.ts';
import { answerError } from './runtime/answer-error.ts';
import type { ProxyShared } from './runtime/proxy-shared.ts';
import { RequestContext } from './runtime/request-context.ts';
import type { RouteRuntime } from './runtime/route-runtime.ts';

/** Methods that a backend may be asked for through us; CONNECT never is. */
const allow = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE';

/** A route to which requests lead by themselves. */
export type PlacedRoute = RouteRuntime & { readonly path: string };

/** What serves the requests of a server. */
export interface ProxyRuntime {
  readonly routes: RouteTable<PlacedRoute>;
  readonly shared: ProxyShared;
}

export function handleRequest({ routes, shared }: ProxyRuntime, exchange: Exchange): void {
  let route: RouteRuntime | null = null;
  let context: RequestContext | null = null;
  try {
    const { head } = exchange;
    if (shared.meters !== null) shared.meters.unrouted.begin(exchange);
    // Step 1: what concerns the proxy itself.
    if (head.target === '*' || !mayForward(head)) {
      context = new RequestContext(exchange, shared, null);
      answerForUs(exchange);
      context.finish(null);
      return;
    }
    // Step 2: the route.
    route = routes.match(head.authority, head.target);
    if (route === null) throw createError('RIT_ERR_NO_ROUTE');
    if (route.meter !== null) route.meter.adopt(exchange);
    if (route.needsContext || isObserved()) {
      context = new RequestContext(exchange, shared, route);
    }
    // Step 3: hooks, if there are any.
    if (context === null || !route.hooks.beforeRequest) forward(exchange, route, context);
    else new HookedRequest(exchange, context, route).begin();
  } catch (cause) {
    answerError(shared, exchange, route, context, cause);
  }
}

/**
 * `OPTIONS *` concerns the server it reaches (RFC 9110 §9.3.7), and so does a request whose hops have run out
 * (§7.6.2).
 */
function answerForUs(exchange: Exchange): void {
  if (exchange.head.method === 'TRACE') {
    // Reflecting a request would hand its credentials to scripts.
    exchange.respond(405, ['allow', allow], '');
  } else exchange.respond(204, ['allow', allow], '');
}

/** The steps of a request: route, target, fields, backend. What fails on the way is answered here. */
import type { Exchange } from '@reverseit/core';
import { fail, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import type { RouteTable } from '../routes/route-table.ts';
import { ProxyExchange } from './proxy-exchange.ts';
import { mayForward } from './request-rewrite.ts';
import type { RouteRuntime } from './route-runtime.ts';

/** Methods that a backend may be asked for through us; CONNECT never is. */
const allow = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE';

export function handleRequest(routes: RouteTable<RouteRuntime>, exchange: Exchange): void {
  try {
    forward(routes, exchange);
  } catch (error) {
    exchange.fail(asOurs(error));
  }
}

function forward(routes: RouteTable<RouteRuntime>, exchange: Exchange): void {
  const { head } = exchange;
  if (head.target === '*' || !mayForward(head)) {
    answerForUs(exchange);
    return;
  }
  const route = routes.match(head.authority, head.target);
  if (route === null) {
    exchange.fail(fail('RIT_ERR_NO_ROUTE'));
    return;
  }
  const target = route.target.apply(head.target);
  const length = head.framing === 'length' ? head.contentLength : null;
  const fields = route.request.fields(head, exchange, length);
  const proxied = new ProxyExchange(exchange, route, target, fields);
  exchange.handler = proxied;
  proxied.begin();
}

/** `OPTIONS *` concerns the server it reaches (RFC 9110 §9.3.7), and so does a request whose hops have run out (§7.6.2). */
function answerForUs(exchange: Exchange): void {
  if (exchange.head.method === 'TRACE') {
    // Reflecting a request would hand its credentials to scripts.
    exchange.respond(405, ['allow', allow], '');
  } else exchange.respond(204, ['allow', allow], '');
}

function asOurs(error: unknown): ReverseItError {
  return isReverseItError(error) ? error : fail('RIT_ERR_INTERNAL', undefined, { cause: error });
}

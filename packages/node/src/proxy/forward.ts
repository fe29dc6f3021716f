/** Sends a request on by a route whose hooks have run: its target and fields by the route's rules. */
import type { Exchange } from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import { mapDestination } from './headers/public-place.ts';
import { webSocketProtocol } from './headers/upgrade-rules.ts';
import { ProxyExchange } from './http/proxy-exchange.ts';
import type { RequestContext } from './runtime/request-context.ts';
import type { RouteRuntime } from './runtime/route-runtime.ts';
import { TunnelExchange } from './upgrade/tunnel-exchange.ts';
import { createUpgrade } from './upgrade/websocket-upgrade.ts';

/** @throws ProtocolError, WebSocketError where the request cannot be sent on; then nothing has been */
export function forward(
  exchange: Exchange,
  route: RouteRuntime,
  context: RequestContext | null,
): void {
  // Step 4: target and fields by the rules of the route.
  const { head } = exchange;
  const target = route.target.apply(head.target);
  const protocol = head.upgrade ? route.upgrades.choose(head.fields) : null;
  // RFC 8441 §4: what it asks for is nothing but the tunnel, so it cannot be passed on without the offer.
  if (protocol === null && head.isExtendedConnect) {
    throw createError('RIT_ERR_METHOD_UNKNOWN', 'the route serves no upgrade to this :protocol');
  }
  let proxied: ProxyExchange;
  if (protocol === null) proxied = createProxied(exchange, route, target, context);
  else if (protocol === webSocketProtocol) {
    proxied = createUpgrade(exchange, route, target, context);
  } else proxied = new TunnelExchange(exchange, route, target, protocol, context);
  exchange.handler = proxied;
  proxied.begin();
}

function createProxied(
  exchange: Exchange,
  route: RouteRuntime,
  target: string,
  context: RequestContext | null,
): ProxyExchange {
  const { head } = exchange;
  const fields = route.request.apply(head, exchange, context === null ? null : context.claimed);
  mapDestination(fields, exchange, route.target, route.locations);
  return new ProxyExchange(exchange, route, target, fields, context);
}

/**
 * A request that offers to switch to a protocol of which we know nothing but its name, such as `tcp` of
 * Docker or `SPDY/3.1` of Kubernetes. The offer goes to the backend with the request; after its 101 the
 * two are connected by a tunnel, and any other answer is relayed like any response.
 */

import type { Duplex } from 'node:stream';
import type { Exchange } from '@reverseit/core';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { readUpgrade } from '@reverseit/core/http';
import { ignoreError } from '@reverseit/core/internal';
import type {
  OriginPool,
  UpgradeHandler,
  UpstreamExchange,
  UpstreamResponseHead,
} from '@reverseit/upstream';
import { responseHeaders } from '../headers/response-rewrite.ts';
import { isOffered } from '../headers/upgrade-rules.ts';
import { ProxyExchange } from '../http/proxy-exchange.ts';
import type { RequestContext } from '../runtime/request-context.ts';
import type { RouteRuntime } from '../runtime/route-runtime.ts';
import { ByteTunnel, type TunnelObserver } from '../websocket/byte-tunnel.ts';

export class TunnelExchange extends ProxyExchange implements UpgradeHandler, TunnelObserver {
  readonly #protocol: string;

  /** `protocol`: what the backend is offered. */
  constructor(
    exchange: Exchange,
    route: RouteRuntime,
    target: string,
    protocol: string,
    context: RequestContext | null,
  ) {
    const { head } = exchange;
    // What follows may be of the other protocol, and must not be taken for a request, whatever the answer.
    head.persistent = false;
    const claimed = context === null ? null : context.claimed;
    super(exchange, route, target, route.request.apply(head, exchange, claimed), context);
    this.#protocol = protocol;
  }

  protected override send(origin: OriginPool): UpstreamExchange {
    return origin.upgrade(this, this.route.limits, this, this.#protocol);
  }

  onSwitch(head: UpstreamResponseHead, backend: Duplex): void {
    if (!isOffered(head.fields, this.#protocol)) {
      backend.on('error', ignoreError).destroy();
      this.onError(
        createError(
          'RIT_ERR_UPSTREAM_PROTOCOL',
          'backend upgraded to a protocol that was not offered',
        ),
      );
      return;
    }
    this.recorder?.answered();
    this.onSwitched();
    const { options, shared, tunnelIdle } = this.route;
    const relayed = responseHeaders(head, options.via, null, false, this.mapper);
    const cookie = this.bindingCookie();
    if (cookie !== null) relayed.append('set-cookie', cookie);
    const added = this.exchange.addedHeader;
    if (added !== null) relayed.set(added.name, added.value);
    const fields = [
      'Upgrade',
      (readUpgrade(head.fields) ?? []).join(', '),
      'Connection',
      'Upgrade',
      ...relayed.fields,
    ];
    new ByteTunnel({
      owner: shared.tunnels,
      idle: tunnelIdle,
      backend,
      switchClient: (tunnel) => this.exchange.switchProtocols(fields, tunnel),
      // A tunnel need not hold on to its request, unless somebody wants to know of its end.
      observer: this.context === null ? null : this,
    });
  }

  onTunnelOver(error: ReverseItError | null, fromClient: number, fromBackend: number): void {
    const { recorder } = this;
    if (recorder !== null) {
      recorder.bytesReceived += fromClient;
      recorder.bytesRelayed = fromBackend;
    }
    this.context?.finish(error);
  }
}

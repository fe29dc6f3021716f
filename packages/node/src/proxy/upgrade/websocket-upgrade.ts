/**
 * The opening handshake of a WebSocket (RFC 6455 §4): the client's is checked, one of our own goes to the
 * backend, and only when that has succeeded the client's is answered. A backend that rejects is relayed
 * like any response; so this is a proxied request with another way to ask and one more way to end.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Exchange } from '@reverseit/core';
import {
  catalog,
  createError,
  isReverseItError,
  type ReverseItError,
} from '@reverseit/core/errors';
import { HeaderSection } from '@reverseit/core/http';
import { ignoreError } from '@reverseit/core/internal';
import {
  acceptDeflate,
  backendRequestFields,
  type ClientHandshake,
  checkBackendResponse,
  checkClientRequest,
  clientResponseFields,
  type HandshakeOffer,
  keyBytes,
  makeKey,
  readSubprotocols,
} from '@reverseit/core/websocket';
import type {
  OriginPool,
  UpgradeHandler,
  UpstreamExchange,
  UpstreamResponseHead,
} from '@reverseit/upstream';
import { responseHeaders } from '../headers/response-rewrite.ts';
import { ProxyExchange } from '../http/proxy-exchange.ts';
import type { RequestContext } from '../runtime/request-context.ts';
import type { RouteRuntime } from '../runtime/route-runtime.ts';
import { deflatePolicy } from '../websocket/relay-settings.ts';
import { type RelayObserver, WebSocketRelay } from '../websocket/websocket-relay.ts';

/** What was said in one handshake, and what we say in the other. */
interface Handshakes {
  readonly client: ClientHandshake;
  readonly backend: HandshakeOffer;
}

/**
 * Makes the request for the backend.
 * @throws WebSocketError `RIT_ERR_WS_HANDSHAKE`, `RIT_ERR_WS_VERSION` where the client's handshake is faulty
 */
export function createUpgrade(
  exchange: Exchange,
  route: RouteRuntime,
  target: string,
  context: RequestContext | null,
): ProxyExchange {
  const { head } = exchange;
  // What follows a handshake are frames, and never another request: whatever the answer, it is the last.
  head.persistent = false;
  const client = checkClientRequest(head);
  if (isReverseItError(client)) throw client;
  const headers = route.request.apply(head, exchange, context === null ? null : context.claimed);
  headers.remove('te');
  const backend: HandshakeOffer = {
    key: makeKey(randomBytes(keyBytes)),
    // As the header rules of the route left them.
    subprotocols: readSubprotocols(headers.getAll('sec-websocket-protocol')) ?? [],
    extensions: null,
  };
  return new UpgradeExchange(
    exchange,
    route,
    target,
    HeaderSection.parsed(backendRequestFields(headers.fields, backend)),
    context,
    { client, backend },
  );
}

class UpgradeExchange extends ProxyExchange implements UpgradeHandler, RelayObserver {
  readonly #handshakes: Handshakes;

  constructor(
    exchange: Exchange,
    route: RouteRuntime,
    target: string,
    fields: HeaderSection,
    context: RequestContext | null,
    handshakes: Handshakes,
  ) {
    super(exchange, route, target, fields, context);
    this.#handshakes = handshakes;
  }

  protected override send(origin: OriginPool): UpstreamExchange {
    // One byte more than may wait, so that too many can be told from enough.
    this.exchange.setEarlyDataLimit(this.route.relays.maxPendingBytes + 1);
    return origin.upgrade(this, this.route.upgradeLimits, this);
  }

  override onError(error: ReverseItError): void {
    super.onError(
      error.code === 'RIT_ERR_UPSTREAM_HEAD_TIMEOUT'
        ? timedOut(this.route.options.websocketBackendUpgradeTimeout, error)
        : error,
    );
  }

  onSwitch(head: UpstreamResponseHead, backend: Duplex): void {
    const { client, backend: offer } = this.#handshakes;
    const answer = checkBackendResponse(head.fields, offer);
    if (isReverseItError(answer)) {
      backend.on('error', ignoreError).destroy();
      this.onError(answer);
      return;
    }
    this.recorder?.answered();
    const { relays, options } = this.route;
    const deflate = relays.compress ? acceptDeflate(client.extensions, deflatePolicy) : null;
    const relayed = responseHeaders(head, options.via, null, false, this.mapper);
    const cookie = this.bindingCookie();
    if (cookie !== null) relayed.append('set-cookie', cookie);
    const added = this.exchange.addedHeader;
    if (added !== null) relayed.set(added.name, added.value);
    const fields = clientResponseFields(relayed.fields, {
      key: client.key,
      // Where the header rules offered others, the client is told only of its own.
      subprotocol: client.subprotocols.find((name) => name === answer.subprotocol) ?? null,
      extensions: deflate?.answer ?? null,
    });
    this.context?.trace?.onWebSocket();
    new WebSocketRelay({
      owner: this.route.shared.webSockets,
      settings: relays,
      agreement: deflate?.agreement ?? null,
      backend,
      switchClient: (tunnel) => this.exchange.switchProtocols(fields, tunnel),
      // An open WebSocket need not hold on to its request, unless somebody wants its record.
      observer: this.context === null ? this.route.relayObserver : this,
      meter: this.route.meter?.webSockets ?? null,
    });
  }

  onRelayOver(error: ReverseItError | null, fromClient: number, fromBackend: number): void {
    const { recorder } = this;
    if (recorder !== null) {
      recorder.bytesReceived = fromClient;
      recorder.bytesRelayed = fromBackend;
    }
    this.context?.finish(error);
  }
}

function timedOut(afterMs: number, cause: ReverseItError): ReverseItError {
  const text = `${catalog.RIT_ERR_WS_UPGRADE_TIMEOUT.text} (${afterMs} ms)`;
  return createError('RIT_ERR_WS_UPGRADE_TIMEOUT', text, { cause, details: { afterMs } });
}

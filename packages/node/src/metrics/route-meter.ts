/**
 * Counts the requests of one route. Everything has a fixed place, so that a request allocates nothing: three looks at
 * the clock, two histograms, and a few additions.
 */

import type { HistogramStats, RouteStats, StatusClass, WebSocketStats } from '@reverseit/admin';
import type { Exchange } from '@reverseit/core';
import { DurationHistogram, IntrusiveList, Place } from '@reverseit/core/internal';
import type { ExchangeMeter } from '@reverseit/core/internal/server';

/** Methods that are told apart; a client may invent others. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const;
const otherMethod = methods.length - 1;

/** By the first digit of the status. */
const classes: readonly StatusClass[] = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];

/** What a WebSocket has carried so far. */
export interface RelayFigures {
  readonly messagesFromClient: number;
  readonly messagesFromBackend: number;
  readonly bytesFromClient: number;
  readonly bytesFromBackend: number;
}

export class RouteMeter implements ExchangeMeter {
  readonly route: string;
  readonly webSockets = new WebSocketMeter();
  #active = 0;
  #bytesReceived = 0;
  #bytesSent = 0;
  readonly #requests = new Float64Array(methods.length * classes.length);
  readonly #duration = new DurationHistogram();
  readonly #firstByte = new DurationHistogram();

  constructor(route: string) {
    this.route = route;
  }

  /** A request begins; that it is one of this route may turn out to be wrong. */
  begin(exchange: Exchange): void {
    exchange.meter = this;
    exchange.startedAt = performance.now();
    this.#active++;
  }

  /** A request that has begun is one of this route. */
  adopt(exchange: Exchange): void {
    const { meter } = exchange;
    // Its response may be complete already.
    if (meter === this || exchange.done) return;
    if (meter instanceof RouteMeter) meter.#active--;
    exchange.meter = this;
    this.#active++;
  }

  /**
   * A request was answered with `status` before it became an exchange, at once, and with so many bytes of body: nobody
   * knows its method. Its times are 0, so that the histograms count as many requests as the counters.
   */
  refused(status: number, bytesSent: number): void {
    this.#bytesSent += bytesSent;
    this.#firstByte.observe(0);
    this.#duration.observe(0);
    this.#count(otherMethod, status);
  }

  onReceived(bytes: number): void {
    this.#bytesReceived += bytes;
  }

  onHead(exchange: Exchange): void {
    this.#firstByte.observe(performance.now() - exchange.startedAt);
  }

  onSent(bytes: number): void {
    this.#bytesSent += bytes;
  }

  onOver(exchange: Exchange): void {
    this.#active--;
    this.#duration.observe(performance.now() - exchange.startedAt);
    this.#count(methodIndex(exchange.head.method), exchange.status);
  }

  #count(method: number, status: number): void {
    const at = method * classes.length + classIndex(status);
    this.#requests[at] = (this.#requests[at] as number) + 1;
  }

  read(): RouteStats {
    return {
      route: this.route,
      active: this.#active,
      requests: this.#readRequests(),
      duration: this.#duration.read() satisfies HistogramStats,
      firstByte: this.#firstByte.read() satisfies HistogramStats,
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      webSockets: this.webSockets.read(),
    };
  }

  #readRequests(): RouteStats['requests'] {
    const requests: Record<string, Partial<Record<StatusClass, number>>> = {};
    methods.forEach((method, nth) => {
      const row = this.#requests.subarray(nth * classes.length, (nth + 1) * classes.length);
      if (row.every((count) => count === 0)) return;
      requests[method] = Object.fromEntries(
        classes.map((name, at) => [name, row[at] as number]).filter(([, count]) => count !== 0),
      );
    });
    return requests;
  }
}

type RelayTotals = { -readonly [K in Exclude<keyof WebSocketStats, 'open' | 'opened'>]: number };

/** Counts the WebSockets of one route. What they carry is asked for, not told. */
export class WebSocketMeter {
  readonly #open = new IntrusiveList<Place<RelayFigures>>();
  /** What those carried that have closed. */
  readonly #closed: RelayTotals = {
    messagesFromClients: 0,
    messagesFromBackends: 0,
    bytesFromClients: 0,
    bytesFromBackends: 0,
  };
  #opened = 0;

  /** Answers what `onClose` takes, once. */
  onOpen(relay: RelayFigures): Place<RelayFigures> {
    this.#opened++;
    const place = new Place(relay);
    this.#open.push(place);
    return place;
  }

  onClose(place: Place<RelayFigures>): void {
    this.#open.remove(place);
    addRelay(this.#closed, place.member);
  }

  read(): WebSocketStats {
    const totals = { ...this.#closed };
    for (const { member } of this.#open.members()) addRelay(totals, member);
    return { open: this.#open.size, opened: this.#opened, ...totals };
  }
}

function addRelay(totals: RelayTotals, relay: RelayFigures): void {
  totals.messagesFromClients += relay.messagesFromClient;
  totals.messagesFromBackends += relay.messagesFromBackend;
  totals.bytesFromClients += relay.bytesFromClient;
  totals.bytesFromBackends += relay.bytesFromBackend;
}

/** Where the method stands in `methods`. */
function methodIndex(method: string): number {
  const index = (methods as readonly string[]).indexOf(method);
  return index === -1 ? otherMethod : index;
}

/** 0 where no response was sent. What is beyond 599 counts as 5xx, as a client takes it (RFC 9110 §15). */
const classIndex = (status: number): number => Math.min(5, (status / 100) | 0);

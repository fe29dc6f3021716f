/**
 * What a proxy says of itself: the JSON of `GET /stats` and of each event of `GET /events`. Counters begin at
 * 0 when the proxy starts and never fall, so that rates and percentiles of any span follow from two of them.
 * With workers the figures are sums over all of them. Times are in seconds, sizes in bytes.
 */

/**
 * How many observations fell into each bucket. Only what two of them differ by says something about a span.
 */
export interface HistogramStats {
  /**
   * `counts[i]`: observations of at most `durationBounds[i]` seconds that are longer than the bound before.
   * The last one, beyond the bounds: those that are longer than all of them. Not cumulative.
   */
  readonly counts: readonly number[];
  /** Of all observations, in seconds. */
  readonly sum: number;
}

/** Requests by method (`GET`, …, `other`) and class of the status; those that are 0 are left out. */
export type RequestCounts = Readonly<
  Record<string, Readonly<Partial<Record<StatusClass, number>>>>
>;

/** `none`: without a response, since the client left before or its HTTP/2 request was malformed. */
export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx' | 'none';

/** WebSockets. Messages and bytes are of data frames; the bytes are payload, as it was received. */
export interface WebSocketStats {
  readonly open: number;
  /** Opened since the start. */
  readonly opened: number;
  readonly messagesFromClients: number;
  readonly messagesFromBackends: number;
  readonly bytesFromClients: number;
  readonly bytesFromBackends: number;
}

/** One route. The name of the one for requests that no route serves is `(none)`. */
export interface RouteStats {
  readonly route: string;
  /** Requests under way. */
  readonly active: number;
  /** Requests whose response is complete, was cut off or never came. Also those that were refused. */
  readonly requests: RequestCounts;
  /** From the request's head to the end of the response; of a WebSocket, to its 101. */
  readonly duration: HistogramStats;
  /** From the request's head to the head of the response. */
  readonly firstByte: HistogramStats;
  /** Of the bodies of requests. */
  readonly bytesReceived: number;
  /** Of the bodies of responses. */
  readonly bytesSent: number;
  readonly webSockets: WebSocketStats;
}

/** The worst comes first. */
export type BackendState = 'draining' | 'unhealthy' | 'ejected' | 'warming' | 'healthy';

/** A backend of a route that has a list of them. */
export interface BackendStats {
  readonly route: string;
  readonly backend: string;
  readonly url: string;
  /** The worst over the workers. */
  readonly state: BackendState;
  /** In how many workers it is in which state. */
  readonly states: Readonly<Partial<Record<BackendState, number>>>;
  /** Why it is unhealthy or ejected; else null. */
  readonly reason: string | null;
  /** Requests under way, open WebSockets among them. */
  readonly active: number;
  /** Attempts, retries among them. */
  readonly requests: number;
  /** Of these, those that failed by the backend. */
  readonly failures: number;
  /** Attempts here of requests that had failed at another backend, or here. */
  readonly retries: number;
  readonly ejections: number;
  readonly checksPassed: number;
  readonly checksFailed: number;
  /** Time to the response head as a moving average (peak EWMA); null before the first response. */
  readonly latency: number | null;
}

/** Connections to one origin, over all pools that have it. */
export interface PoolStats {
  /** `http://host:port`. */
  readonly origin: string;
  /** Connections that are being made, in use, idle or closing. */
  readonly open: number;
  readonly idle: number;
  /** Requests that have a connection. */
  readonly active: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
  /** Connections that a WebSocket or another protocol has taken over. */
  readonly switched: number;
  /** Connections made since the start. */
  readonly opened: number;
  /** Requests since the start that began on a used connection. */
  readonly reused: number;
  /** Requests since the start that were sent again, because a used connection turned out to be closed. */
  readonly retried: number;
  /** How long connections took to make, TLS included. */
  readonly connect: HistogramStats;
  /** How long those requests waited that had to wait for a connection. */
  readonly wait: HistogramStats;
}

/** One process. */
export interface ProcessStats {
  /** Number of the worker; `main` for a proxy without workers, and for what supervises them. */
  readonly worker: string;
  readonly pid: number;
  /** `starting`, `listening`, `closing`. */
  readonly state: string;
  /** Whether it answered in time. If not, its figures are those of its last answer. */
  readonly isCurrent: boolean;
  /** Since the start of the process. */
  readonly uptime: number;
  /** User and system. */
  readonly cpu: number;
  readonly residentMemory: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly externalMemory: number;
  /** How late timers are: how long the event loop was at something else. Looked at 50 times a second. */
  readonly eventLoopDelay: HistogramStats;
  /** By kind: `minor`, `major`, `incremental`, `weak`. */
  readonly garbageCollections: Readonly<
    Record<string, { readonly count: number; readonly time: number }>
  >;
}

/** What a proxy says of itself. */
export interface ProxyStats {
  /** Of this form; a change that readers have to know of counts it up. */
  readonly format: 1;
  readonly version: string;
  /** When these are from, in ms since 1970. */
  readonly time: number;
  /** When counting began, in ms since 1970. */
  readonly startedAt: number;
  readonly state: 'serving' | 'draining';
  /** Upper bounds of the buckets of every histogram, in seconds, from short to long. */
  readonly durationBounds: readonly number[];
  readonly connections: {
    readonly open: number;
    /** Accepted since the start. */
    readonly accepted: number;
    /** Closed at once because of `maxConnections`. */
    readonly dropped: number;
  };
  /** Of these connections those that speak HTTP/2, and their streams. */
  readonly http2: {
    readonly connections: number;
    /** Accepted since the start. */
    readonly accepted: number;
    /** Streams that are open. */
    readonly streams: number;
    /** Streams since the start that carried a request. */
    readonly streamsOpened: number;
  };
  /** Tunnels to other protocols than WebSocket that are open. */
  readonly tunnels: number;
  /** Responses of our own, and what failed, by code; those that are 0 are left out. */
  readonly errors: Readonly<Record<string, number>>;
  readonly routes: readonly RouteStats[];
  readonly backends: readonly BackendStats[];
  readonly pools: readonly PoolStats[];
  readonly processes: readonly ProcessStats[];
  /** Workers that ended unasked and were replaced. */
  readonly workersReplaced: number;
}

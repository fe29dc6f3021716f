/**
 * Every metric, by the naming rules of Prometheus: one row says its name, type, labels and help, and how its samples
 * follow from the figures. The text for Prometheus, docs/metrics.md and the check of the dashboard are made of it.
 */
import type {
  BackendStats,
  HistogramStats,
  PoolStats,
  ProcessStats,
  ProxyStats,
  RouteStats,
} from './stats.ts';

/** Label values in the order of a family's labels, and a number or a histogram. */
export type Sample = readonly [labels: readonly string[], value: number | HistogramStats];

export interface MetricFamily {
  /** Without the `_total` that the samples of a counter end with. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** With which the name ends; empty for none. */
  readonly unit: '' | 'seconds' | 'bytes';
  readonly labels: readonly string[];
  readonly help: string;
  samples(stats: ProxyStats): readonly Sample[];
}

type Values<Item> = (item: Item) => number | HistogramStats;

/** A family with one sample for each item of a list. */
function each<Item>(
  itemsOf: (stats: ProxyStats) => readonly Item[],
  labels: readonly string[],
  labelsOf: (item: Item) => readonly string[],
) {
  return (
    type: MetricFamily['type'],
    name: string,
    help: string,
    read: Values<Item>,
  ): MetricFamily => ({
    ...named(type, name, help),
    labels,
    samples: (stats) => itemsOf(stats).map((item) => [labelsOf(item), read(item)]),
  });
}

/** A family with samples of its own. */
function several<Item>(
  itemsOf: (stats: ProxyStats) => readonly Item[],
  type: MetricFamily['type'],
  name: string,
  help: string,
  labels: readonly string[],
  samplesOf: (item: Item) => readonly Sample[],
): MetricFamily {
  return {
    ...named(type, name, help),
    labels,
    samples: (stats) => itemsOf(stats).flatMap(samplesOf),
  };
}

function one(
  type: MetricFamily['type'],
  name: string,
  help: string,
  read: Values<ProxyStats>,
): MetricFamily {
  return {
    ...named(type, name, help),
    labels: [],
    samples: (stats) => [[[], read(stats)]],
  };
}

const named = (type: MetricFamily['type'], name: string, help: string) => ({
  type,
  name: `reverseit_${name}`,
  unit: (/_(seconds|bytes)$/.exec(name)?.[1] ?? '') as MetricFamily['unit'],
  help,
});

const routesOf = ({ routes }: ProxyStats): readonly RouteStats[] => routes;
const backendsOf = ({ backends }: ProxyStats): readonly BackendStats[] => backends;
const processesOf = ({ processes }: ProxyStats): readonly ProcessStats[] => processes;
const poolsOf = ({ pools }: ProxyStats): readonly PoolStats[] => pools;

const route = each(routesOf, ['route'], (item) => [item.route]);
const backend = each(backendsOf, ['route', 'backend'], (item) => [item.route, item.backend]);
const pool = each(poolsOf, ['origin'], (item) => [item.origin]);
const processes = each(processesOf, ['worker'], (item) => [item.worker]);

/** In the order in which they are written. */
export const metricFamilies: readonly MetricFamily[] = Object.freeze([
  several(
    routesOf,
    'counter',
    'requests',
    'Requests that are over, refused ones included, by method and class of the status; "none": without a response.',
    ['route', 'method', 'status'],
    (item) =>
      Object.entries(item.requests).flatMap(([method, kinds]) =>
        Object.entries(kinds).map(([kind, count]): Sample => [[item.route, method, kind], count]),
      ),
  ),
  route('gauge', 'requests_active', 'Requests in progress.', (item) => item.active),
  route(
    'histogram',
    'request_duration_seconds',
    'Time from the request head to the end of the response; of a WebSocket, to its 101.',
    (item) => item.duration,
  ),
  route(
    'histogram',
    'time_to_first_byte_seconds',
    'Time from the request head to the response head.',
    (item) => item.firstByte,
  ),
  route(
    'counter',
    'request_body_bytes',
    'Bytes of request bodies that clients have sent.',
    (item) => item.bytesReceived,
  ),
  route(
    'counter',
    'response_body_bytes',
    'Bytes of response bodies that were written to clients.',
    (item) => item.bytesSent,
  ),
  several(
    ({ errors }) => Object.entries(errors),
    'counter',
    'errors',
    'Refused and failed requests, and other errors, by their code.',
    ['code'],
    ([code, count]) => [[[code], count]],
  ),
  one('gauge', 'connections', 'Client connections.', ({ connections }) => connections.open),
  one(
    'counter',
    'connections_accepted',
    'Client connections accepted.',
    ({ connections }) => connections.accepted,
  ),
  one(
    'counter',
    'connections_dropped',
    'Client connections closed at accept because of maxConnections.',
    ({ connections }) => connections.dropped,
  ),
  one(
    'gauge',
    'http2_connections',
    'Client connections that speak HTTP/2.',
    ({ http2 }) => http2.connections,
  ),
  one(
    'counter',
    'http2_connections_accepted',
    'Client connections accepted that speak HTTP/2.',
    ({ http2 }) => http2.accepted,
  ),
  one(
    'gauge',
    'http2_streams',
    'Open streams of HTTP/2 connections of clients.',
    ({ http2 }) => http2.streams,
  ),
  one(
    'counter',
    'http2_streams_opened',
    'Streams of HTTP/2 connections of clients that carried a request.',
    ({ http2 }) => http2.streamsOpened,
  ),
  route('gauge', 'websockets', 'Open WebSockets.', ({ webSockets }) => webSockets.open),
  route(
    'counter',
    'websockets_opened',
    'WebSockets that were opened.',
    ({ webSockets }) => webSockets.opened,
  ),
  several(
    routesOf,
    'counter',
    'websocket_messages',
    'WebSocket messages, by who sent them.',
    ['route', 'from'],
    (item) => [
      [[item.route, 'client'], item.webSockets.messagesFromClients],
      [[item.route, 'backend'], item.webSockets.messagesFromBackends],
    ],
  ),
  several(
    routesOf,
    'counter',
    'websocket_payload_bytes',
    'Payload bytes of WebSocket messages as they were received, by who sent them.',
    ['route', 'from'],
    (item) => [
      [[item.route, 'client'], item.webSockets.bytesFromClients],
      [[item.route, 'backend'], item.webSockets.bytesFromBackends],
    ],
  ),
  one('gauge', 'tunnels', 'Open tunnels to other protocols.', ({ tunnels }) => tunnels),
  several(
    backendsOf,
    'gauge',
    'backend_state',
    'Number of workers in which the backend is in the state.',
    ['route', 'backend', 'state'],
    ({ route: name, backend: of, states }) =>
      backendStates.map((state): Sample => [[name, of, state], states[state] ?? 0]),
  ),
  backend(
    'gauge',
    'backend_requests_active',
    'Requests in progress, open WebSockets included.',
    (item) => item.active,
  ),
  backend('counter', 'backend_requests', 'Attempts, retries included.', (item) => item.requests),
  backend(
    'counter',
    'backend_failures',
    'Attempts that failed because of the backend.',
    (item) => item.failures,
  ),
  backend(
    'counter',
    'backend_retries',
    'Attempts that followed a failed attempt of the same request.',
    (item) => item.retries,
  ),
  backend('counter', 'backend_ejections', 'Ejections.', (item) => item.ejections),
  several(
    backendsOf,
    'counter',
    'backend_health_checks',
    'Health checks, by their result.',
    ['route', 'backend', 'result'],
    (item) => [
      [[item.route, item.backend, 'passed'], item.checksPassed],
      [[item.route, item.backend, 'failed'], item.checksFailed],
    ],
  ),
  several(
    backendsOf,
    'gauge',
    'backend_latency_seconds',
    'Time to the response head, as a moving average that follows peaks (peak EWMA).',
    ['route', 'backend'],
    ({ route: name, backend: of, latency }) => (latency === null ? [] : [[[name, of], latency]]),
  ),
  pool('gauge', 'pool_connections', 'Connections to the origin.', (item) => item.open),
  pool('gauge', 'pool_connections_idle', 'Idle connections to the origin.', (item) => item.idle),
  pool(
    'gauge',
    'pool_connections_switched',
    'Connections that a WebSocket or another protocol has taken over.',
    (item) => item.switched,
  ),
  pool('gauge', 'pool_requests_active', 'Requests that have a connection.', (item) => item.active),
  pool(
    'gauge',
    'pool_requests_waiting',
    'Requests that wait for a connection.',
    (item) => item.waiting,
  ),
  pool(
    'counter',
    'pool_connections_opened',
    'Connections that were opened.',
    (item) => item.opened,
  ),
  pool(
    'counter',
    'pool_requests_reused',
    'Requests that began on a used connection.',
    (item) => item.reused,
  ),
  pool(
    'counter',
    'pool_requests_retried',
    'Requests that were sent again, because a used connection turned out to be closed.',
    (item) => item.retried,
  ),
  pool(
    'histogram',
    'pool_connect_duration_seconds',
    'Time to connect, TLS included.',
    (item) => item.connect,
  ),
  pool(
    'histogram',
    'pool_wait_duration_seconds',
    'Time in the queue for a connection, of requests that had to wait.',
    (item) => item.wait,
  ),
  processes(
    'histogram',
    'event_loop_delay_seconds',
    'How late timers are, looked at 50 times a second.',
    (item) => item.eventLoopDelay,
  ),
  processes('counter', 'process_cpu_seconds', 'CPU time, user and system.', (item) => item.cpu),
  processes(
    'gauge',
    'process_resident_memory_bytes',
    'Resident memory.',
    (item) => item.residentMemory,
  ),
  processes(
    'gauge',
    'process_heap_used_bytes',
    'Used part of the JavaScript heap.',
    (item) => item.heapUsed,
  ),
  processes(
    'gauge',
    'process_heap_bytes',
    'Size of the JavaScript heap.',
    (item) => item.heapTotal,
  ),
  processes(
    'gauge',
    'process_external_memory_bytes',
    'Memory of buffers and other objects outside of the heap.',
    (item) => item.externalMemory,
  ),
  processes(
    'gauge',
    'process_uptime_seconds',
    'Time since the start of the process.',
    (item) => item.uptime,
  ),
  several(processesOf, 'counter', 'gc_runs', 'Garbage collections.', ['worker', 'kind'], (item) =>
    Object.entries(item.garbageCollections).map(([kind, { count }]) => [
      [item.worker, kind],
      count,
    ]),
  ),
  several(
    processesOf,
    'counter',
    'gc_duration_seconds',
    'Time of garbage collections.',
    ['worker', 'kind'],
    (item) =>
      Object.entries(item.garbageCollections).map(([kind, { time }]) => [
        [item.worker, kind],
        time,
      ]),
  ),
  one(
    'counter',
    'workers_replaced',
    'Workers that ended unasked and were replaced.',
    ({ workersReplaced }) => workersReplaced,
  ),
  one('gauge', 'draining', '1 while the proxy shuts down, else 0.', ({ state }) =>
    state === 'draining' ? 1 : 0,
  ),
  one(
    'gauge',
    'start_time_seconds',
    'When counting began, in seconds since 1970.',
    ({ startedAt }) => startedAt / 1000,
  ),
  several(
    (stats) => [stats],
    'gauge',
    'build_info',
    'Version of ReverseIt; always 1.',
    ['version'],
    ({ version }) => [[[version], 1]],
  ),
]);

const backendStates = ['healthy', 'warming', 'ejected', 'unhealthy', 'draining'] as const;

/** What is measured under load: each scenario does a fixed amount of work against a port. */
import { checkHttp, checkWebSocket } from './lib/check.ts';
import type { Need, Target } from './lib/targets.ts';
import { withoutTextCheck } from './lib/targets.ts';
import { runConnectLoad } from './load/connect.ts';
import { type LoadResult, runHttpLoad } from './load/http.ts';
import { runWebSocketLoad } from './load/websocket.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What one unit of work is. */
  readonly unit: 'request' | 'message';
  /** Units in a round; as many warm up. */
  readonly amount: number;
  /** Seconds that a target takes for them, roughly: only the estimate of the time left rests on it. */
  readonly seconds: number;
  readonly needs: readonly Need[];
  /** Routes to set up; 0 for none. */
  readonly routes: number;
  /** Targets beside the usual ones. */
  readonly more: readonly Target[];
  /** @throws where what comes back, or what the backend gets, is not right */
  check(port: number): Promise<void>;
  run(port: number, amount: number): Promise<LoadResult>;
}

const connections = 50;

/** A browser's, without Host, which the generator sends. */
const browserHeaders = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language': 'en-US,en;q=0.5',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Cookie: 'session=0123456789abcdef0123456789abcdef; theme=dark',
  'Upgrade-Insecure-Requests': '1',
  'Sec-Fetch-Mode': 'navigate',
};

/** The same for a connection that ends with it. */
const lastRequest = Buffer.from(
  `GET /hello?name=value HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n${Object.entries(
    browserHeaders,
  )
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`,
);

const mebibyte = 1024 * 1024;
/** What the backend answers by default. */
const smallBytes = 24;

interface HttpWork {
  readonly method?: 'GET' | 'POST';
  /** What the paths begin with; each connection asks for them in turn. */
  readonly prefixes?: readonly string[];
  readonly path?: string;
  readonly body?: Buffer;
  readonly bodyBytes?: number;
  readonly connections?: number;
}

type Plan = Pick<Scenario, 'name' | 'title' | 'amount' | 'seconds'> &
  Partial<Pick<Scenario, 'needs' | 'routes'>>;

function http(plan: Plan, work: HttpWork = {}): Scenario {
  const { method = 'GET', prefixes = [''], path = '/hello?name=value', body } = work;
  const request = {
    method,
    headers: browserHeaders,
    bodyBytes: work.bodyBytes ?? smallBytes,
    ...(body === undefined ? {} : { body }),
  };
  const paths = prefixes.map((prefix) => prefix + path);
  return {
    unit: 'request',
    needs: [],
    routes: 0,
    more: [],
    ...plan,
    check: (port) => checkHttp(port, { ...request, prefix: prefixes.at(-1) ?? '', path }),
    run: (port, amount) =>
      runHttpLoad({
        port,
        amount,
        connections: work.connections ?? connections,
        paths,
        ...request,
      }),
  };
}

const webSocket = (
  plan: Plan & Partial<Pick<Scenario, 'more'>>,
  payloadBytes: number,
  text: boolean,
): Scenario => ({
  unit: 'message',
  needs: ['websocket'],
  routes: 0,
  more: [],
  ...plan,
  check: (port) => checkWebSocket(port, payloadBytes, text),
  run: (port, amount) => runWebSocketLoad({ port, amount, connections, payloadBytes, text }),
});

/** Of a table of 1,000 routes, those that are asked for, spread over all of it. */
const askedRoutes = Array.from({ length: 64 }, (_, i) => `/r/${(i * 617) % 1000}`);

/** What features are measured with: the same requests, whatever routes there are. */
export const featureScenario = http(
  { name: 'features', title: 'Cost of features', amount: 10_000, seconds: 1.2 },
  { prefixes: askedRoutes },
);

export const smallGet = http({
  name: 'get',
  title: "Small GET, a browser's headers, keep-alive",
  amount: 60_000,
  seconds: 5,
});

export const scenarios: readonly Scenario[] = [
  smallGet,
  http(
    { name: 'post', title: 'POST of 1 KiB', amount: 30_000, seconds: 3.5 },
    { method: 'POST', body: Buffer.alloc(1024, 'a') },
  ),
  http(
    { name: 'download', title: 'GET of 1 MiB', amount: 2000, seconds: 3 },
    { path: `/bytes/${mebibyte}`, bodyBytes: mebibyte, connections: 8 },
  ),
  http(
    { name: 'upload', title: 'POST of 1 MiB', amount: 2000, seconds: 3 },
    { method: 'POST', body: Buffer.alloc(mebibyte, 'a'), connections: 8 },
  ),
  {
    ...http({
      name: 'connect',
      title: 'Small GET, a new connection for each',
      amount: 4000,
      seconds: 1.5,
    }),
    run: (port, amount) => runConnectLoad({ port, amount, connections, request: lastRequest }),
  },
  http(
    {
      name: 'routes',
      title: 'Small GET, 64 of 1,000 routes in turn over 64 connections',
      amount: 10_000,
      seconds: 1.3,
      needs: ['routes'],
      routes: 1000,
    },
    { prefixes: askedRoutes, connections: 64 },
  ),
  webSocket(
    {
      name: 'websocket',
      title: 'WebSocket, echo of 125 B of text',
      amount: 40_000,
      seconds: 2.5,
      more: withoutTextCheck,
    },
    125,
    true,
  ),
  webSocket(
    {
      name: 'websocket-64k',
      title: 'WebSocket, echo of 64 KiB of binary',
      amount: 4000,
      seconds: 2,
    },
    65_536,
    false,
  ),
];

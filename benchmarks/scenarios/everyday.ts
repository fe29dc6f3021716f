/** Scenarios of everyday work: each does a fixed amount of it. */
import { checkHttp, checkWebSocket } from '../lib/check.ts';
import type { Scenario } from '../lib/scenario.ts';
import { withoutTextCheck } from '../lib/targets.ts';
import { runConnectLoad } from '../load/connect.ts';
import { runHttpLoad } from '../load/http.ts';
import { runWebSocketLoad } from '../load/websocket.ts';
import { browserHeaders, lastRequest, smallBytes, smallPath } from './browser.ts';
import { scenario } from './scenario-defaults.ts';

const connections = 50;

const mebibyte = 1024 * 1024;

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
  const { method = 'GET', prefixes = [''], path = smallPath, body } = work;
  const request = {
    method,
    headers: browserHeaders,
    bodyBytes: work.bodyBytes ?? smallBytes,
    ...(body === undefined ? {} : { body }),
  };
  const paths = prefixes.map((prefix) => prefix + path);
  return scenario({
    ...plan,
    check: (port) => checkHttp(port, { ...request, prefix: prefixes.at(-1) ?? '', path }),
    run: ({ port }, amount) =>
      runHttpLoad({
        port,
        amount,
        connections: work.connections ?? connections,
        paths,
        ...request,
      }),
  });
}

const webSocket = (
  plan: Plan & Partial<Pick<Scenario, 'more'>>,
  payloadBytes: number,
  text: boolean,
): Scenario =>
  scenario({
    unit: 'message',
    needs: ['websocket'],
    ...plan,
    check: (port) => checkWebSocket(port, payloadBytes, text),
    run: ({ port }, amount) => runWebSocketLoad({ port, amount, connections, payloadBytes, text }),
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

export const everydayScenarios: readonly Scenario[] = [
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
    run: ({ port }, amount) => runConnectLoad({ port, amount, connections, request: lastRequest }),
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

/** What is measured: each scenario runs a fixed amount of work against a port. */
import { runConnectLoad } from './load/connect.ts';
import { type LoadResult, runHttpLoad } from './load/http.ts';
import { runWebSocketLoad } from './load/websocket.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What one unit of work is. */
  readonly unit: 'request' | 'message';
  /** Units in a round; a tenth of it warms up. */
  readonly amount: number;
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

const http = (
  name: string,
  title: string,
  amount: number,
  load: {
    method?: 'GET' | 'POST';
    path?: string;
    body?: Buffer;
    connections?: number;
  },
): Scenario => ({
  name,
  title,
  unit: 'request',
  amount,
  run: (port, count) =>
    runHttpLoad({
      port,
      amount: count,
      method: 'GET',
      path: '/hello?name=value',
      connections,
      headers: browserHeaders,
      ...load,
    }),
});

const webSocket = (
  name: string,
  title: string,
  amount: number,
  payloadBytes: number,
  text: boolean,
): Scenario => ({
  name,
  title,
  unit: 'message',
  amount,
  run: (port, count) => runWebSocketLoad({ port, amount: count, connections, payloadBytes, text }),
});

export const scenarios: readonly Scenario[] = [
  http('get', "small GET, a browser's headers, keep-alive", 20_000, {}),
  http('post', 'POST of 1 KiB', 10_000, { method: 'POST', body: Buffer.alloc(1024, 'a') }),
  http('download', 'GET of 1 MiB', 400, { path: `/bytes/${mebibyte}`, connections: 8 }),
  http('upload', 'POST of 1 MiB', 400, {
    method: 'POST',
    body: Buffer.alloc(mebibyte, 'a'),
    connections: 8,
  }),
  {
    name: 'connect',
    title: 'small GET, a new connection for each',
    unit: 'request',
    amount: 4000,
    run: (port, amount) => runConnectLoad({ port, amount, connections, request: lastRequest }),
  },
  webSocket('websocket', 'WebSocket, echo of 125 B of text', 40_000, 125, true),
  webSocket('websocket-64k', 'WebSocket, echo of 64 KiB of binary', 4000, 65_536, false),
];

/** A proxy for clients of other makers, before a backend that does what they ask for. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer as createBackend,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, patternBytes } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import type { Closeable } from '@reverseit/test-servers/use-server';
import { WebSocketServer } from 'ws';
import { type AccessRecord, createServer, type ReverseItServer } from '../src/index.ts';
import { listeners } from './http2-clients-rig.ts';

/** What clients and proxy speak. */
export type Spoken = 'HTTP/1.1' | 'HTTP/2' | 'HTTP/2 in the clear';

/** What `/large` answers with. */
export const large = patternBytes(4_000_000);
const chunk = large.subarray(0, 65_536);

export interface Served {
  readonly base: string;
  readonly port: number;
  readonly proxy: ReverseItServer;
  /** Of requests that are over. */
  readonly records: readonly AccessRecord[];
  /** PEM of the authority that signed the proxy's certificate. */
  readonly caFile: string;
  /** Resolves when the one request for `target` is over; the code of its error, or `none`. */
  outcomeOf(target: string): Promise<string>;
}

export function answer(request: IncomingMessage, response: ServerResponse): void {
  switch (request.url) {
    case '/hello':
      response.end('hello');
      break;
    case '/echo':
      request.pipe(response);
      break;
    case '/large':
      response.end(large);
      break;
    case '/endless':
      pour(response);
      break;
    case '/early-hints':
      response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
      response.end('hinted');
      break;
    case '/trailers':
      response.writeHead(200, { trailer: 'X-Sum' });
      response.addTrailers({ 'X-Sum': '42' });
      response.end('body');
      break;
    default:
      response.writeHead(404).end();
  }
}

/** Writes until nobody reads any more. */
function pour(response: ServerResponse): void {
  while (response.write(chunk));
  response.once('drain', () => pour(response));
}

function withWebSockets(server: ReturnType<typeof createBackend>): WebSocketServer {
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
  });
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  return sockets;
}

/** `use` closes what is started. */
export async function serve(
  use: <T extends Closeable>(opened: T) => T,
  spoken: Spoken,
  handler: typeof answer = answer,
): Promise<Served> {
  const server = createBackend({ maxHeaderSize: 65_536 }, handler);
  const sockets = withWebSockets(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  use({
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
  use({ close: () => rmSync(folder, { recursive: true }) });
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, testCertificates().ca);
  const records: AccessRecord[] = [];
  const proxy = createServer({
    logger: null,
    backend: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...optionsFor(spoken),
    onFinish: (record) => {
      records.push(record);
    },
  });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? address.port : 0;
  const base = `${spoken === 'HTTP/2' ? 'https' : 'http'}://127.0.0.1:${port}`;
  const outcomeOf = async (target: string): Promise<string> => {
    const found = (): AccessRecord | undefined => records.find((one) => one.target === target);
    await eventually(() => found() !== undefined, `the end of ${target}`);
    return found()?.error?.code ?? 'none';
  };
  return { base, port, proxy, records, caFile, outcomeOf };
}

function optionsFor(spoken: Spoken): object {
  if (spoken === 'HTTP/1.1') return {};
  return listeners[spoken === 'HTTP/2' ? 'over TLS' : 'in the clear']();
}

/** The versions by which requests came, without repetition. */
export const versions = ({ records }: Served): string[] => [
  ...new Set(records.map(({ httpVersion }) => httpVersion)),
];

export const lines = (output: string): string[] => output.trim().split('\n');

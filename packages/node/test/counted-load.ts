/**
 * A load with faults whose client counts what it gets, to be compared with what the proxy counted. What happens to a
 * request follows from its number, so that each run of so many requests is the same.
 */
import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request,
  type Server,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { ProxyStats, RouteStats } from '@reverseit/admin';

/** What one route has, as the client has seen it. */
export interface Counted {
  /** `GET 2xx` → number. */
  readonly requests: Record<string, number>;
  sent: number;
  received: number;
}

/** By route. */
export type CountedRoutes = Record<string, Counted>;

/** Everything goes to one backend, by routes that are told apart. */
export const countedRoutes = (backend: string) => [
  { name: 'plain', path: '/plain', backend },
  { name: 'faulty', path: '/faulty', backend },
  { name: 'unreachable', path: '/unreachable', backend: 'http://127.0.0.1:9' },
];

/** A backend that does what the path of a request says. */
export class CountedBackend {
  readonly #server: Server;
  /** Resolvers of the requests that the backend hangs on, by their number. */
  readonly #hanging = new Map<string, () => void>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<CountedBackend> {
    const server = createServer({ keepAliveTimeout: 0 });
    const backend = new CountedBackend(server);
    server.on('request', (incoming, outgoing) => {
      const [, , what = '', nth = ''] = (incoming.url ?? '').split('/');
      incoming.resume();
      incoming.on('error', () => undefined);
      const status = Number(what);
      if (what === 'hang') backend.#hanging.get(nth)?.();
      else if (what === 'reset') incoming.socket.destroy();
      else if (what === 'cut') {
        outgoing.writeHead(200, { 'content-length': 100 });
        outgoing.write('x'.repeat(50), () => incoming.socket.destroy());
      } else {
        incoming.on('end', () => {
          const body = status === 204 || status === 304 ? '' : 'y'.repeat(Number(nth) % 5000);
          outgoing.writeHead(status).end(body);
        });
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return backend;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when the request hangs. */
  hangs(nth: number): Promise<void> {
    return new Promise((resolve) => this.#hanging.set(String(nth), resolve));
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

const statuses = [200, 200, 200, 200, 201, 204, 302, 304, 404, 500];
const methods = ['GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE'];

/** Sends so many requests, several at a time, and counts what comes of them. */
export async function runCountedLoad(
  port: number,
  backend: CountedBackend,
  requests: number,
  clients = 16,
): Promise<CountedRoutes> {
  const counted: CountedRoutes = {};
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < requests) await sendOne(port, backend, agent, next++, counted);
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return counted;
}

async function sendOne(
  port: number,
  backend: CountedBackend,
  agent: Agent,
  nth: number,
  counted: CountedRoutes,
): Promise<void> {
  const method = methods[nth % methods.length] as string;
  const body = method === 'POST' || method === 'PUT' || method === 'PATCH' ? nth % 3000 : 0;
  const at = { port, host: '127.0.0.1', agent, method };
  const count = (route: string, name: string, kind: string, received = 0): void => {
    counted[route] ??= { requests: {}, sent: 0, received: 0 };
    const of = counted[route];
    of.requests[`${name} ${kind}`] = (of.requests[`${name} ${kind}`] ?? 0) + 1;
    of.sent += name === method ? body : 0;
    of.received += received;
  };
  const named = method === 'PURGE' ? 'other' : method;
  const send = (path: string) => exchange({ ...at, path }, body);
  switch (nth % 23) {
    case 3:
      count('faulty', named, (await send(`/faulty/reset/${nth}`)).kind);
      break;
    case 7:
      count('faulty', named, (await send(`/faulty/cut/${nth}`)).kind);
      break;
    case 11: {
      // Of its own connection: what it leaves behind is no use to others.
      const hangs = backend.hangs(nth);
      const aborted = exchange({ ...at, agent: false, path: `/faulty/hang/${nth}` }, body, hangs);
      count('faulty', named, (await aborted).kind);
      break;
    }
    case 13:
      count('unreachable', named, (await send('/unreachable')).kind);
      break;
    case 17:
      count('(none)', named, (await send('/elsewhere')).kind);
      break;
    case 19:
      count('(none)', 'other', await sendGarbage(port));
      break;
    default: {
      const status = statuses[nth % statuses.length];
      const { kind, received } = await send(`/plain/${status}/${nth}`);
      count('plain', named, kind, received);
    }
  }
}

interface Outcome {
  /** `2xx`, or `none` where no response came. */
  readonly kind: string;
  /** Of the response's body, in bytes. */
  readonly received: number;
}

/** @param left the client goes away once this is fulfilled */
function exchange(options: RequestOptions, body: number, left?: Promise<void>): Promise<Outcome> {
  return new Promise((resolve) => {
    let kind = 'none';
    let received = 0;
    const end = (): void => resolve({ kind, received });
    const sent = request({ ...options, headers: { 'content-length': body } });
    sent.on('response', (response: IncomingMessage) => {
      kind = `${Math.floor((response.statusCode ?? 0) / 100)}xx`;
      response.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      response.on('error', () => undefined);
      response.on('close', end);
    });
    sent.on('error', end);
    sent.end('z'.repeat(body));
    left?.then(() => sent.destroy());
  });
}

/** A request that is refused before its head is complete. */
async function sendGarbage(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nBroken header\r\n\r\n');
  await once(socket, 'end');
  socket.destroy();
  return `${text['HTTP/1.1 '.length]}xx`;
}

/** The same of what the proxy has counted. */
export function countedBy({ routes }: ProxyStats): CountedRoutes {
  return Object.fromEntries(
    routes
      .map((route) => [route.route, countedByRoute(route)] as const)
      .filter(([, { requests }]) => Object.keys(requests).length > 0),
  );
}

function countedByRoute({ requests, bytesReceived, bytesSent }: RouteStats): Counted {
  const flat: Record<string, number> = {};
  for (const [method, kinds] of Object.entries(requests)) {
    for (const [kind, count] of Object.entries(kinds)) flat[`${method} ${kind}`] = count;
  }
  return { requests: flat, sent: bytesReceived, received: bytesSent };
}

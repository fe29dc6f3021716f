/** Requests and routes by which a hook beside `routes` could be passed by, were it not the outermost. */
import type { HookContext, HookRequest, OnRequest, RouteOptions } from '../src/index.ts';
import { request } from './harness.ts';

export interface BypassCase {
  readonly name: string;
  /** What the client sends. */
  readonly bytes: string;
  readonly method: string;
  readonly routes: readonly RouteOptions[];
  /** The hooks beside `routes`, the one that refuses among them. */
  readonly onRequest: OnRequest | readonly OnRequest[];
}

const refuse = (): { status: number } => ({ status: 401 });
const noop = (): void => {};
const choose = (_: HookRequest, context: HookContext): void => context.useRoute('other');
const other = { path: '/other', name: 'other' };

/** The client's half of a handshake (RFC 6455 §4.1). */
export const handshake = request('GET /x', [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
]);

const requests: readonly [name: string, bytes: string][] = [
  ['GET', request('GET /x')],
  ['POST', request('POST /x', ['Content-Length: 1'], 'a')],
  ['HEAD', request('HEAD /x')],
  ['a WebSocket', handshake],
];

const configurations: readonly [name: string, routes: RouteOptions[], before?: OnRequest][] = [
  ['a route without hooks', [{ path: '/' }]],
  ['a route with a hook of its own', [{ path: '/', onRequest: noop }]],
  ['a route whose hook is null', [{ path: '/', onRequest: null }]],
  ['a route with no hook in a list', [{ path: '/', onRequest: [] }]],
  ['a route that answers', [{ path: '/', respond: () => ({ body: 'secret' }) }]],
  ['a route with a fixed answer', [{ path: '/', respond: { body: 'secret' } }]],
  ['a route that chooses another', [{ path: '/', onRequest: choose }, other]],
  ['a route that was chosen before', [{ path: '/', onRequest: noop }, other], choose],
];

/** Each must be refused with 401, without the backend being asked. */
export const bypassCases: readonly BypassCase[] = configurations.flatMap(([name, routes, before]) =>
  requests.map(([asked, bytes]) => ({
    name: `${name}, ${asked}`,
    bytes,
    method: bytes.slice(0, bytes.indexOf(' ')),
    routes,
    onRequest: before === undefined ? refuse : [before, refuse],
  })),
);

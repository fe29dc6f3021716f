import { HttpServer } from './server/server.ts';
import type { RequestListener } from './server/server-context.ts';
import { resolveServerOptions, type ServerOptions } from './server/server-options.ts';

export * from './deadlines.ts';
export * from './errors.ts';
export * from './http.ts';
export * from './http1.ts';
export { AcceptDrain } from './server/accept-drain.ts';
export { clientAddress } from './server/client-address.ts';
export { cutSocket } from './server/cut-socket.ts';
export { demandsUpgrade } from './server/error-response.ts';
export type { ExchangeHandler, SwitchedSocket, Tunnel } from './server/exchange.ts';
export { Exchange, silentHandler } from './server/exchange.ts';
export { httpDate } from './server/http-date.ts';
export type { WatchedSender } from './server/send-watch.ts';
export { SendWatch } from './server/send-watch.ts';
export type { CloseOptions, ListenTarget, ServerStats } from './server/server.ts';
export { HttpServer } from './server/server.ts';
export type { RequestListener } from './server/server-context.ts';
export type {
  ListenerTlsOptions,
  ResolvedServerOptions,
  ServerOptions,
} from './server/server-options.ts';
export { resolveServerOptions, serverOptions } from './server/server-options.ts';

export { removeStaleSocket } from './server/stale-socket.ts';

/**
 * Makes a server that hands each request to `listener` as an exchange.
 * @throws ConfigError that lists every invalid option
 */
export function createHttpServer(options: ServerOptions, listener: RequestListener): HttpServer {
  return new HttpServer(resolveServerOptions(options), listener);
}

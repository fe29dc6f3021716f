import { Faults } from './options/faults.ts';
import { custom } from './options/option-kinds.ts';
import { defaultValues, defineOptions, readOptions } from './options/option-schema.ts';
import type { RequestListener } from './server/exchange/server-context.ts';
import { HttpServer } from './server/server.ts';
import { type OnServerError, warnOfFailure } from './server/server-errors.ts';
import { type ServerOptions, serverOptions } from './server/server-options.ts';

export * from './deadlines.ts';
export * from './errors.ts';
export * from './http.ts';
export * from './http1.ts';
export * from './io.ts';
export type { DrainOptions } from './server/accept-drain.ts';
export { AcceptDrain } from './server/accept-drain.ts';
export { clientAddress } from './server/connection/client-address.ts';
export { cutSocket } from './server/connection/cut-socket.ts';
export type { WatchedSender } from './server/connection/send-watch.ts';
export { SendWatch } from './server/connection/send-watch.ts';
export type { ClientCloseListener } from './server/exchange/client-connection.ts';
export { ClientConnection, clientConnection } from './server/exchange/client-connection.ts';
export { demandsUpgrade, errorFields } from './server/exchange/error-response.ts';
export type { ExchangeHandler, SwitchedSocket, Tunnel } from './server/exchange/exchange.ts';
export { Exchange, silentHandler } from './server/exchange/exchange.ts';
export { httpDate } from './server/exchange/http-date.ts';
export type { RequestListener } from './server/exchange/server-context.ts';
export { isThenable, watchCallback } from './server/exchange/thenable.ts';
export type { CloseOptions, ListenTarget, ServerStats } from './server/server.ts';
export { HttpServer } from './server/server.ts';
export type { OnServerError } from './server/server-errors.ts';
export type {
  ListenerTlsOptions,
  ResolvedServerOptions,
  ServerOptions,
} from './server/server-options.ts';
export { resolveServerOptions, serverOptions } from './server/server-options.ts';
export { removeStaleSocket } from './server/stale-socket.ts';

/** Options of a server of its own: those of the listener, and who is told of errors. */
export interface HttpServerOptions extends ServerOptions {
  /**
   * Told of each request that was refused before it became an exchange, and of what the listener or a
   * handler has thrown. Default: the latter are warnings of the process.
   */
  readonly onError?: OnServerError | undefined;
}

const httpServerOptions = defineOptions({
  ...serverOptions,
  onError: custom<OnServerError, OnServerError>({
    group: 'Errors',
    kind: 'function',
    prose: 'Told of refused requests and of what the listener or a handler has thrown.',
    default: warnOfFailure,
    defaultText: 'warnings of the process',
    accepts: 'a function (error)',
    text: null,
    check: (value) => (typeof value === 'function' ? (value as OnServerError) : undefined),
  }),
});

/**
 * Makes a server that hands each request to `listener` as an exchange.
 * @throws ConfigError that lists every invalid option, and where there is no listener
 */
export function createHttpServer(
  options: HttpServerOptions,
  listener: RequestListener,
): HttpServer {
  const faults = new Faults();
  const initial = defaultValues(httpServerOptions);
  const { onError, ...server } = readOptions(httpServerOptions, options ?? {}, '', faults, initial);
  if (typeof listener !== 'function') faults.refuse('listener', listener, 'a function (exchange)');
  faults.throwIfAny();
  return new HttpServer(server, listener, onError);
}

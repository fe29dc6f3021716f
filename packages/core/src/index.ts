import { Faults } from './options/faults.ts';
import { custom } from './options/option-kinds.ts';
import { defaultValues, defineOptions, readOptions } from './options/option-schema.ts';
import type { RequestListener } from './server/exchange/server-context.ts';
import { type ServerOptions, serverOptions } from './server/listener/server-options.ts';
import { HttpServer } from './server/server.ts';
import { type OnServerError, warnOfFailure } from './server/server-errors.ts';

export * from './errors.ts';
export type { FieldSection, ReadonlyFieldSection } from './http/field-section.ts';
export { HeaderSection } from './http/header-section.ts';
export type { RequestHead } from './http1/grammar/request-head.ts';
export type { NamedCertificate } from './options/option-certificates-kind.ts';
export type { ProxiedConnection } from './proxy-protocol/header-writer.ts';
export type {
  ProxyAddress,
  ProxyHeader,
  ProxyTls,
  ProxyTlv,
} from './proxy-protocol/proxy-header.ts';
export type { ToldFields } from './proxy-protocol/tlv-writer.ts';
export type { ClientCloseListener, ClientSocket } from './server/client/client-connection.ts';
export { ClientConnection, clientConnection } from './server/client/client-connection.ts';
export type { PeerCertificates } from './server/client/peer-certificates.ts';
export type {
  EffectiveClient,
  ExchangeHandler,
  SwitchedSocket,
  Tunnel,
} from './server/exchange/exchange.ts';
export { Exchange, noopHandler } from './server/exchange/exchange.ts';
export type { RejectedRequest, Rejection } from './server/exchange/rejected-request.ts';
export type {
  HalfClose,
  RefusalFields,
  RequestListener,
} from './server/exchange/server-context.ts';
export type { ListenTarget } from './server/listener/listen-target.ts';
export type { ListenerRules, ListenerStats } from './server/listener/listener.ts';
export type {
  ListenerTlsOptions,
  ProxyProtocolOptions,
  ServerOptions,
} from './server/listener/server-options.ts';
export type { CloseOptions, ServerStats } from './server/server.ts';
export { HttpServer } from './server/server.ts';
export type { OnServerError } from './server/server-errors.ts';

/** Options of `createHttpServer`: those of the listener, and the error callback. */
export interface HttpServerOptions extends ServerOptions {
  /**
   * Called with every request that was rejected before it became an exchange, and with everything the
   * listener or a handler throws. Default: thrown errors become process warnings.
   */
  readonly onError?: OnServerError | undefined;
}

const httpServerOptions = defineOptions({
  ...serverOptions,
  onError: custom<OnServerError, OnServerError>({
    group: 'Errors',
    kind: 'function',
    prose:
      'Called with every rejected request and with everything the listener or a handler throws.',
    default: warnOfFailure,
    defaultText: 'process warnings',
    accepts: 'a function (error, rejected, request)',
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
  if (server.proxyProtocol?.from.empty === true)
    faults.add('proxyProtocol', 'expected {from} with the addresses of who sends the header');
  if (typeof listener !== 'function') faults.refuse('listener', listener, 'a function (exchange)');
  faults.throwIfAny();
  return new HttpServer(server, listener, onError);
}

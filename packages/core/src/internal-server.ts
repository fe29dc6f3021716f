/** What the other packages of ReverseIt need of the server. Outside semantic versioning. */

export { clientAddress } from './server/client/client-address.ts';
export { peerCertificates } from './server/client/peer-certificates.ts';
export { cutSocket } from './server/connection/cut-socket.ts';
export { demandsUpgrade, errorFields } from './server/exchange/error-response.ts';
export type { ExchangeMeter } from './server/exchange/exchange-meter.ts';
export { callBody, callBodyEnd, callDrain } from './server/exchange/handler-calls.ts';
export { httpDate } from './server/exchange/http-date.ts';
export { isThenable, watchCallback } from './server/exchange/thenable.ts';
export type { DrainOptions } from './server/listener/accept-drain.ts';
export { AcceptDrain } from './server/listener/accept-drain.ts';
export { targetText } from './server/listener/listen-target.ts';
export type { ResolvedServerOptions } from './server/listener/server-options.ts';
export { resolveServerOptions, serverOptions } from './server/listener/server-options.ts';
export { removeStaleSocket } from './server/listener/stale-socket.ts';
export type { WatchedSender } from './socket/send-watch.ts';
export { SendWatch } from './socket/send-watch.ts';

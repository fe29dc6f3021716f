export type { LookupCallback, Network } from './connect/network.ts';
export type { DispatchLimits } from './exchange/dispatch-limits.ts';
export { dispatchLimits } from './exchange/dispatch-limits.ts';
export type {
  BodySink,
  BodySource,
  ClientCloseListener,
  ClientConnection,
  CollectedBody,
  RequestInput,
  UpstreamRequest,
  WrittenFields,
} from './exchange/upstream-request.ts';
export type {
  ResponseHandler,
  UpgradeHandler,
  UpstreamExchange,
  UpstreamResponseHead,
} from './exchange/upstream-response.ts';
export type { OriginOptions } from './options/origin-options.ts';
export type {
  PfxInput,
  PoolTlsOptions,
  PoolTlsValues,
  PrivateKeyInput,
} from './options/tls-options.ts';
export type { PoolOptions, PoolValues } from './options/upstream-options.ts';
export { poolOptions } from './options/upstream-options.ts';
export type { OriginPool, OriginStats, Pool, PoolStats } from './pool/pool.ts';
export { createPool } from './pool/pool.ts';

export type { DispatchLimits } from './dispatch-limits.ts';
export { dispatchLimits } from './dispatch-limits.ts';
export type { LookupCallback, Network } from './network.ts';
export type { OriginOptions } from './origin-options.ts';
export type { OriginPool, OriginStats, Pool, PoolStats } from './pool.ts';
export { createPool } from './pool.ts';
export type { PfxInput, PoolTlsOptions, PoolTlsValues, PrivateKeyInput } from './tls-options.ts';
export type { PoolOptions, PoolValues } from './upstream-options.ts';
export { poolOptions } from './upstream-options.ts';
export type {
  BodySink,
  BodySource,
  ClientCloseListener,
  ClientConnection,
  CollectedBody,
  RequestInput,
  UpstreamRequest,
  WrittenFields,
} from './upstream-request.ts';
export type {
  ResponseHandler,
  UpgradeHandler,
  UpstreamExchange,
  UpstreamResponseHead,
} from './upstream-response.ts';

export type { DispatchLimits } from './dispatch-limits.ts';
export { dispatchLimits } from './dispatch-limits.ts';
export type { OriginOptions } from './origin-options.ts';
export type { OriginPool, OriginStats, Pool, PoolStats } from './pool.ts';
export { createPool } from './pool.ts';
export type { PoolOptions, PoolTlsOptions, PoolTlsValues, PoolValues } from './upstream-options.ts';
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

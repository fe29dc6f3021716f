export type { AffinityCookie } from './backends/affinity-cookie.ts';
export type { BackendGroup } from './backends/backend-group.ts';
export type {
  BackendStateChange,
  BackendStateName,
  BackendStatus,
} from './backends/backend-status.ts';
export type { BackendGroupOptions } from './backends/create-backend-group.ts';
export { createBackendGroup } from './backends/create-backend-group.ts';
export type { FailedBackendAttempt, GroupedExchange } from './backends/group-exchange.ts';
export type { GroupRequest } from './backends/group-request.ts';
export type { ChosenBackend } from './backends/member.ts';
export type { BackendInput, BackendOptions } from './backends/options/backend-list.ts';
export type {
  DiscoveryInput,
  ListBackends,
} from './backends/options/discovery-options.ts';
export type { GroupOptions } from './backends/options/group-options.ts';
export type { ClientResponse, RequestOptions } from './client/request.ts';
export type { ResponseBody } from './client/response-body.ts';
export type { AddressRecord, LookupCallback, NameServers, Network } from './connect/network.ts';
export type { DispatchLimits } from './exchange/dispatch-limits.ts';
export { dispatchLimits } from './exchange/dispatch-limits.ts';
export type {
  AttemptObserver,
  BodySink,
  BodySource,
  ClientCloseListener,
  ClientConnection,
  CollectedBody,
  RequestInput,
  UpstreamRequest,
} from './exchange/message/upstream-request.ts';
export type {
  ResponseHandler,
  UpgradeHandler,
  UpstreamExchange,
  UpstreamResponseHead,
} from './exchange/message/upstream-response.ts';
export type { OriginOptions } from './options/origin-options.ts';
export type {
  PfxInput,
  PoolTlsOptions,
  PoolTlsValues,
  PrivateKeyInput,
} from './options/tls-options.ts';
export type { PoolOptions, PoolValues } from './options/upstream-options.ts';
export { poolOptions } from './options/upstream-options.ts';
export type { OriginStats } from './pool/origin-shards.ts';
export type { OriginPool, Pool, PoolStats } from './pool/pool.ts';
export { createPool } from './pool/pool.ts';

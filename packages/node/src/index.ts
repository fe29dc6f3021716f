export type { ProxyStats } from '@reverseit/admin';
export {
  AbortError,
  ConfigError,
  DeadlineError,
  type ErrorCode,
  isReverseItError,
  LimitError,
  ProtocolError,
  ReverseItError,
  StateError,
  UpstreamError,
  WebSocketError,
} from '@reverseit/core/errors';
export type { BackendInput, BackendStatus } from '@reverseit/upstream';
export type { HeaderList, HeaderView } from './hooks/header-list.ts';
export type {
  AccessRecord,
  ChooseBackend,
  DirectResponse,
  FailedAttempt,
  HookContext,
  HookRequest,
  HookResponse,
  OnBackendState,
  OnError,
  OnErrorResponse,
  OnFinish,
  OnRequest,
  OnResponse,
  RequestInfo,
  Respond,
  RouteBackendChange,
} from './hooks/hooks.ts';
export type { ShutdownOptions } from './lifecycle/grace.ts';
export type { AccessLog, AccessLogOptions } from './logging/access/access-log.ts';
export { createAccessLog } from './logging/access/access-log.ts';
export type { LogFormat } from './logging/access/log-format.ts';
export type { Logger } from './logging/logger.ts';
export type {
  HandlerStats,
  Next,
  ReverseItHandler,
  UpgradeListener,
} from './middleware/create-handler.ts';
export { createHandler } from './middleware/create-handler.ts';
export type { NodeRequest, NodeResponse } from './middleware/messages/node-messages.ts';
export type { AdminOptions, OnReload } from './options/admin-options.ts';
export type { HashOn } from './options/backends/balancing-options.ts';
export type { HandlerOptions } from './options/handler-options.ts';
export type { ListenAddress } from './options/listeners/listen-address.ts';
export type { ListenerOptions, ListenInput } from './options/listeners/listener-options.ts';
export type { RedirectOptions } from './options/listeners/redirect-options.ts';
export type { TrustedHeaders } from './options/listeners/trust-options.ts';
export type { CookieRewriteInput, SameSite } from './options/messages/cookie-options.ts';
export type { ReverseItOptions } from './options/proxy-options.ts';
export { defineConfig } from './options/proxy-options.ts';
export type { RouteOptions } from './options/route-options.ts';
export type { Workers } from './options/workers.ts';
export type { BackendControl, EngineStats, RouteBackendStatus } from './proxy/proxy-engine.ts';
export type { Address } from './server/address.ts';
export type {
  ListenerStats,
  ReverseItServer,
  ReverseItStats,
} from './server/create-server.ts';
export { createServer } from './server/create-server.ts';
export type { RequestMessage, UpstreamMessage, WebSocketMessage } from './tracing/channels.ts';

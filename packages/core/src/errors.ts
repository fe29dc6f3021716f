export type {
  Blame,
  CatalogEntry,
  ConnectionFate,
  ErrorClassName,
  ErrorCode,
  RetryVerdict,
} from './errors/catalog.ts';
export { catalog } from './errors/catalog.ts';
export { overLimit, timedOut } from './errors/passed-limit.ts';
export type { ProxyErrorType } from './errors/proxy-error-types.ts';
export { proxyErrorType } from './errors/proxy-error-types.ts';
export type { ErrorExtras } from './errors/reverseit-error.ts';
export {
  AbortError,
  ConfigError,
  createError,
  DeadlineError,
  isReverseItError,
  LimitError,
  ProtocolError,
  ReverseItError,
  StateError,
  UpstreamError,
  WebSocketError,
} from './errors/reverseit-error.ts';

/** What Proxy-Status calls each error (RFC 9209 §2.3). */
import { catalog, type ErrorCode } from './catalog.ts';

/** Error types that we have a use for. */
export type ProxyErrorType =
  | 'connection_limit_reached'
  | 'connection_read_timeout'
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'destination_not_found'
  | 'destination_unavailable'
  | 'dns_error'
  | 'http_protocol_error'
  | 'http_request_error'
  | 'http_response_body_size'
  | 'http_response_header_section_size'
  | 'http_response_incomplete'
  | 'http_response_timeout'
  | 'http_upgrade_failed'
  | 'proxy_configuration_error'
  | 'proxy_internal_error'
  | 'proxy_internal_response'
  | 'proxy_loop_detected'
  | 'tls_protocol_error';

/** Of the codes whose type does not follow from who is to blame. */
const types: Partial<Record<ErrorCode, ProxyErrorType>> = {
  RIT_ERR_CONFIG: 'proxy_configuration_error',
  RIT_ERR_BODY_CONSUMED: 'proxy_configuration_error',
  RIT_ERR_BACKEND_NOT_ALLOWED: 'proxy_configuration_error',
  RIT_ERR_LOOP_DETECTED: 'proxy_loop_detected',
  RIT_ERR_NO_ROUTE: 'destination_not_found',
  RIT_ERR_SHUTDOWN: 'proxy_internal_response',
  RIT_ERR_TOO_MANY_BACKENDS: 'connection_limit_reached',
  RIT_ERR_DISCOVERY: 'dns_error',
  RIT_ERR_UPSTREAM_DNS: 'dns_error',
  RIT_ERR_UPSTREAM_CONNECT: 'connection_refused',
  RIT_ERR_UPSTREAM_TLS: 'tls_protocol_error',
  RIT_ERR_UPSTREAM_CONNECT_TIMEOUT: 'connection_timeout',
  RIT_ERR_UPSTREAM_QUEUE_FULL: 'connection_limit_reached',
  RIT_ERR_UPSTREAM_QUEUE_TIMEOUT: 'connection_limit_reached',
  RIT_ERR_UPSTREAM_HEAD_TIMEOUT: 'http_response_timeout',
  RIT_ERR_UPSTREAM_BODY_TIMEOUT: 'connection_read_timeout',
  RIT_ERR_UPSTREAM_TRUNCATED: 'http_response_incomplete',
  RIT_ERR_UPSTREAM_RESET: 'connection_terminated',
  RIT_ERR_UPSTREAM_PROTOCOL: 'http_protocol_error',
  RIT_ERR_UPSTREAM_HEAD_TOO_LARGE: 'http_response_header_section_size',
  RIT_ERR_UPSTREAM_BODY_TOO_LARGE: 'http_response_body_size',
  RIT_ERR_WS_ACCEPT: 'http_upgrade_failed',
  RIT_ERR_WS_SUBPROTOCOL: 'http_upgrade_failed',
  RIT_ERR_WS_EXTENSION: 'http_upgrade_failed',
  RIT_ERR_WS_UPGRADE_TIMEOUT: 'http_upgrade_failed',
};

const byBlame = {
  client: 'http_request_error',
  upstream: 'destination_unavailable',
  us: 'proxy_internal_error',
  config: 'proxy_configuration_error',
} as const satisfies Record<string, ProxyErrorType>;

/** The type of an error by its code. */
export function proxyErrorType(code: ErrorCode): ProxyErrorType {
  return types[code] ?? byBlame[catalog[code].blame];
}

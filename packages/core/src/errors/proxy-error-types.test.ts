import { expect, test } from 'vitest';
import { catalog, type ErrorCode } from './catalog.ts';
import { proxyErrorType } from './proxy-error-types.ts';

// As registered (RFC 9209 §2.3, and its IANA registry).
const registered = new Set(
  `dns_timeout dns_error destination_not_found destination_unavailable destination_ip_prohibited
  destination_ip_unroutable connection_refused connection_terminated connection_timeout
  connection_read_timeout connection_write_timeout connection_limit_reached tls_protocol_error
  tls_certificate_error tls_alert_received http_request_error http_request_denied
  http_response_incomplete http_response_header_section_size http_response_header_size
  http_response_body_size http_response_trailer_section_size http_response_trailer_size
  http_response_transfer_coding http_response_content_coding http_response_timeout
  http_upgrade_failed http_protocol_error proxy_internal_response proxy_internal_error
  proxy_configuration_error proxy_loop_detected`.split(/\s+/),
);

test('RFC 9209 §2.3: every code has a registered type', () => {
  for (const code of Object.keys(catalog) as ErrorCode[]) {
    expect(registered.has(proxyErrorType(code)), code).toBe(true);
  }
});

test.for<[code: ErrorCode, type: string]>([
  ['RIT_ERR_UPSTREAM_CONNECT', 'connection_refused'],
  ['RIT_ERR_UPSTREAM_CONNECT_TIMEOUT', 'connection_timeout'],
  ['RIT_ERR_UPSTREAM_HEAD_TIMEOUT', 'http_response_timeout'],
  ['RIT_ERR_UPSTREAM_RESET', 'connection_terminated'],
  ['RIT_ERR_NO_BACKEND', 'destination_unavailable'],
  ['RIT_ERR_NO_ROUTE', 'destination_not_found'],
  ['RIT_ERR_BODY_TOO_LARGE', 'http_request_error'],
  ['RIT_ERR_INTERNAL', 'proxy_internal_error'],
  ['RIT_ERR_LOOP_DETECTED', 'proxy_loop_detected'],
])('%s is %s', ([code, type]) => expect(proxyErrorType(code)).toBe(type));

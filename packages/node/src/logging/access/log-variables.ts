/** What a template of an access log may name, by the names of nginx where nginx has one. */
import type { AccessRecord, RequestInfo } from '../../hooks/hooks.ts';
import { commonLogTime } from './log-time.ts';

/** The value for one request; null where there is none. */
export type LogVariable = (record: AccessRecord, context: RequestInfo) => string | number | null;

/** Of a request that was rejected, what came of it; otherwise as HTTP/1.1 has it. */
export function requestLineOf({ requestLine, method, target, httpVersion }: AccessRecord): string {
  return requestLine ?? `${method} ${target} HTTP/${httpVersion}`;
}

const endOf = ({ startedAt, durations }: AccessRecord): number => startedAt + durations.total;
const seconds = (ms: number | null): string | null => (ms === null ? null : (ms / 1000).toFixed(3));
const pathEnd = /[?#]/;

export const logVariables: Readonly<Record<string, LogVariable>> = {
  attempts: ({ attempts }) => attempts,
  backend: ({ backend }) => backend,
  body_bytes_sent: ({ bytesSent }) => bytesSent,
  bytes_received: ({ bytesReceived }) => bytesReceived,
  error_code: ({ errorCode }) => errorCode,
  host: ({ authority }) => authority,
  msec: (record) => (endOf(record) / 1000).toFixed(3),
  remote_addr: ({ remoteAddress }) => remoteAddress || 'unix:',
  remote_port: (_, { remotePort }) => remotePort,
  remote_user: ({ requestHeaders }) => userOf(requestHeaders.get('authorization')),
  request: requestLineOf,
  request_id: ({ requestId }) => requestId,
  request_method: ({ method }) => method,
  request_time: ({ durations }) => seconds(durations.total),
  request_uri: ({ target }) => target,
  route: ({ route }) => route,
  scheme: ({ scheme }) => scheme,
  server_protocol: ({ httpVersion }) => (httpVersion === '' ? null : `HTTP/${httpVersion}`),
  status: ({ status }) => String(status).padStart(3, '0'),
  time_iso8601: (record) => new Date(endOf(record)).toISOString(),
  time_local: (record) => commonLogTime(endOf(record)),
  upstream_addr: ({ backend }) => backend,
  upstream_header_time: ({ durations }) => seconds(durations.backend),
  upstream_response_time: ({ durations: { backend, response } }) =>
    backend === null || response === null ? null : seconds(backend + response),
  trace_id: ({ traceId }) => traceId,
  uri: ({ target }) => target.split(pathEnd, 1)[0] ?? '',
};

const headerName = /^(sent_)?http_([a-z0-9_]+)$/;

/** `$http_user_agent` is a header of the request, `$sent_http_etag` one of the response. */
export function headerVariable(name: string): LogVariable | null {
  const [, sent, rest] = headerName.exec(name) ?? [];
  if (rest === undefined) return null;
  const header = rest.replaceAll('_', '-');
  const valuesOf: LogVariable =
    sent === undefined
      ? ({ requestHeaders }) => joined(requestHeaders.getAll(header))
      : ({ responseHeaders }) => joined(responseHeaders.getAll(header));
  return valuesOf;
}

const joined = (values: readonly string[]): string | null =>
  values.length === 0 ? null : values.join(', ');

/** The name in Basic credentials (RFC 7617 §2), never the password. */
function userOf(authorization: string | undefined): string | null {
  const [, encoded] = /^basic +([\w+/=-]+)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = pair.indexOf(':');
  return colon <= 0 ? null : pair.slice(0, colon);
}

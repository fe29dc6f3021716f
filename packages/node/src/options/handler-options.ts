/** The options of middleware: those of a proxy without what belongs to whoever listens. */
import type { ReverseItOptions } from './proxy-options.ts';
import { type ResolvedProxyOptions, resolveProxyOptions } from './resolve-proxy-options.ts';

const listenerKeys = [
  'listen',
  'workers',
  'shutdownDelay',
  'readyFile',
  'requestHeaderTimeout',
  'keepAliveTimeout',
  'maxConnections',
  'maxRequestsPerConnection',
  'halfClose',
  'tls',
  'proxyProtocol',
  'admin',
] as const;

const logKeys = ['accessLog', 'accessLogFormat', 'accessLogBuffer'] as const;

/**
 * Options of middleware. Of the listener's, those can be applied that need nothing but a request and its
 * response: `maxRequestTargetBytes`, `maxRequestHeaderLineBytes`, `maxRequestHeaderBytes`,
 * `maxRequestHeaders`, on what the server has parsed, and `responseSendTimeout`.
 */
export interface HandlerOptions
  extends Omit<ReverseItOptions, (typeof listenerKeys | typeof logKeys)[number]> {}

const elsewhere: ReadonlyMap<string, string> = new Map([
  ...listenerKeys.map(
    (key) => [key, 'not available in middleware; set it on your server'] as const,
  ),
  ['admin', 'not available in middleware; serve what metrics() returns on a route of your own'],
  ...logKeys.map(
    (key) =>
      [
        key,
        'not available in middleware; pass createAccessLog({file, format}) to onFinish',
      ] as const,
  ),
]);

/**
 * Checks the options of middleware and completes them.
 *
 * @throws ConfigError (`RIT_ERR_CONFIG`) that lists every fault.
 */
export function resolveHandlerOptions(input: unknown): ResolvedProxyOptions {
  return resolveProxyOptions(input, elsewhere);
}

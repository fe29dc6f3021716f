/** What a pool is made of, resolved and checked once. */

import { createSecureContext, type SecureContext } from 'node:tls';
import { fail } from '@reverseit/core/errors';

/** Credentials and trust for connections to `https:` and `wss:` backends, as `node:tls` takes them. */
export interface PoolTlsOptions {
  readonly ca?: string | Buffer | (string | Buffer)[];
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** Name that the certificate must bear and that is sent as SNI. Default: the backend's host. */
  readonly servername?: string;
}

export interface PoolOptions {
  /** Most connections per backend and pool. Default 50. */
  readonly poolSize?: number;
  /** Pools per backend. Default 1. */
  readonly poolCount?: number;
  /** Name resolution, TCP and TLS together, in ms; 0: no limit. Default 5000. */
  readonly connectTimeout?: number;
  /** How long a connection may stay unused, in ms; 0: no limit. Default 90000. */
  readonly connMaxIdleTime?: number;
  /** Protocols towards the backend. Default `["http1"]`, the only one so far. */
  readonly protocols?: readonly string[];
  /** Whether the backend's certificate must be valid for its name. Default true. */
  readonly verifyTls?: boolean;
  readonly tls?: PoolTlsOptions;
}

export interface ResolvedPoolOptions {
  readonly poolSize: number;
  readonly poolCount: number;
  readonly connectTimeout: number;
  readonly connMaxIdleTime: number;
  readonly verifyTls: boolean;
  readonly servername: string | null;
  /** Made at once, so that a bad certificate or key fails at start. */
  readonly secureContext: SecureContext;
}

/** @throws ConfigError `RIT_ERR_CONFIG` that names the option. */
export function resolvePoolOptions(options: PoolOptions = {}): ResolvedPoolOptions {
  for (const protocol of options.protocols ?? []) {
    if (protocol !== 'http1') throw refuse('protocols', protocol, 'a list of "http1"');
  }
  return Object.freeze({
    poolSize: count('poolSize', options.poolSize ?? 50),
    poolCount: count('poolCount', options.poolCount ?? 1),
    connectTimeout: milliseconds('connectTimeout', options.connectTimeout ?? 5000),
    connMaxIdleTime: milliseconds('connMaxIdleTime', options.connMaxIdleTime ?? 90_000),
    verifyTls: options.verifyTls ?? true,
    servername: options.tls?.servername ?? null,
    secureContext: secureContext(options.tls ?? {}),
  });
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw refuse(name, value, 'a whole number from 1');
}

function milliseconds(name: string, value: number): number {
  if ((Number.isFinite(value) && value >= 0) || value === Number.POSITIVE_INFINITY) return value;
  throw refuse(name, value, 'milliseconds from 0, or Infinity');
}

function secureContext(tls: PoolTlsOptions): SecureContext {
  try {
    return createSecureContext({
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
    });
  } catch (cause) {
    throw fail('RIT_ERR_CONFIG', 'tls: the certificate, key or authority cannot be used', {
      cause,
    });
  }
}

function refuse(name: string, value: unknown, accepted: string): Error {
  return fail('RIT_ERR_CONFIG', `${name}: ${String(value)} is not accepted, use ${accepted}`);
}

/** What a pool is made of, resolved and checked once. */
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { fail } from '@reverseit/core/errors';
import { resolveOptions } from '@reverseit/core/options';
import { type PoolOptions, poolOptions } from './upstream-options.ts';

/** In a timeout 0 means none. */
export interface ResolvedPoolOptions {
  readonly poolSize: number;
  readonly poolCount: number;
  readonly connectTimeout: number;
  readonly connMaxIdleTime: number;
  readonly transport: 'undici' | 'direct';
  readonly protocols: readonly ('http1' | 'http2')[];
  readonly verifyTls: boolean;
  readonly servername: string | null;
  /** Made at once, so that a bad certificate or key fails at start. */
  readonly secureContext: SecureContext;
}

/** @throws ConfigError `RIT_ERR_CONFIG` that names every option at fault. */
export function resolvePoolOptions(options: PoolOptions = {}): ResolvedPoolOptions {
  const { tls, ...rest } = resolveOptions(poolOptions, options);
  // Files have been read by now.
  const { servername = null, caFile, certFile, keyFile, ...credentials } = tls ?? {};
  return Object.freeze({ ...rest, servername, secureContext: secureContext(credentials) });
}

/** What is null is left to the defaults of Node. */
function secureContext(credentials: Readonly<Record<string, unknown>>): SecureContext {
  const given = Object.entries(credentials).filter(([, value]) => value !== null);
  try {
    return createSecureContext(Object.fromEntries(given) as SecureContextOptions);
  } catch (cause) {
    const text = 'invalid option tls: the certificate, key or authority cannot be used';
    throw fail('RIT_ERR_CONFIG', text, { cause });
  }
}

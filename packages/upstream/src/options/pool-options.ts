/** What a pool is made of, resolved and checked once. */
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import { createError } from '@reverseit/core/errors';
import { resolveOptions } from '@reverseit/core/options';
import type { PoolTlsValues } from './tls-options.ts';
import { contextOptions, handshakeOptions } from './tls-rules.ts';
import { type PoolOptions, type PoolValues, poolOptions } from './upstream-options.ts';

/** In a timeout 0 means none. */
export interface ResolvedPoolOptions {
  readonly poolSize: number;
  readonly poolCount: number;
  readonly connectTimeout: number;
  readonly connMaxIdleTime: number;
  readonly connMaxLifetime: number;
  readonly connMaxRequests: number;
  readonly transport: 'undici' | 'direct';
  readonly protocols: readonly ('http1' | 'http2')[];
  readonly sendProxyProtocol: 'v1' | 'v2' | false;
  readonly verifyTls: boolean;
  readonly tls: ResolvedTls;
}

/** How to speak TLS to backends. */
interface ResolvedTls {
  readonly servername: string | null;
  /** Checks a certificate in place of Node. */
  readonly checkServerIdentity: PoolTlsValues['checkServerIdentity'];
  /** To be resumed by the first connection. */
  readonly session: Buffer | undefined;
  /** Made at once, so that a bad certificate or key fails at start. */
  readonly secureContext: SecureContext;
  /** What else `tls.connect` is given. */
  readonly connect: ConnectionOptions;
}

/** @throws ConfigError `RIT_ERR_CONFIG` that names every option at fault. */
export function resolvePoolOptions(options: PoolOptions = {}): ResolvedPoolOptions {
  const { tls, ...rest } = resolveOptions(poolOptions, options);
  const fault = poolFault(rest);
  if (fault !== null)
    throw createError('RIT_ERR_CONFIG', `invalid option sendProxyProtocol: ${fault}`);
  return Object.freeze({ ...rest, tls: resolveTls(tls) });
}

/** What speaks against `sendProxyProtocol`; null for nothing. */
export function poolFault(
  values: Pick<PoolValues, 'protocols' | 'sendProxyProtocol'>,
): string | null {
  const { protocols, sendProxyProtocol } = values;
  if (sendProxyProtocol === false || !protocols.includes('http2')) return null;
  return 'the header names one client, and HTTP/2 connections to backends serve several; set protocols to ["http1"]';
}

function resolveTls(values: PoolTlsValues | null): ResolvedTls {
  return {
    servername: values?.servername ?? null,
    checkServerIdentity: values?.checkServerIdentity ?? null,
    session: values?.session ?? undefined,
    secureContext: values?.secureContext ?? makeContext(values),
    connect: values === null ? {} : handshakeOptions(values),
  };
}

function makeContext(values: PoolTlsValues | null): SecureContext {
  try {
    return createSecureContext(values === null ? {} : contextOptions(values));
  } catch (cause) {
    const text = 'invalid option tls: the certificate, key or CA cannot be used';
    throw createError('RIT_ERR_CONFIG', text, { cause });
  }
}

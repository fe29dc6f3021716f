/**
 * What `tls.connect` takes, for TLS to backends. It is all here but what the pool decides by itself; null stands
 * for the default of Node.
 */

import type {
  PeerCertificate,
  PSKCallbackNegotation,
  PxfObject,
  SecureContext,
  SecureVersion,
  KeyObject as TlsKeyObject,
} from 'node:tls';
import { isUint8Array } from 'node:util/types';
import {
  boolean,
  choice,
  credentialFile,
  custom,
  defineOptions,
  isPlainObject,
  type Option,
  type OptionInput,
  type OptionValues,
  optionalCount,
  pem,
  type RowText,
  string,
} from '@reverseit/core/options';

const group = 'Backend connections';

export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

export const tlsOptions = defineOptions({
  /** CA certificates (PEM) to trust instead of those that Node trusts. Default: none. */
  ca: pem({ group, prose: 'CA certificates (PEM) to trust instead of those that Node trusts.' }),
  /** Client certificate chain (PEM). Default: none. */
  cert: pem({ group, prose: 'Client certificate chain (PEM).' }),
  /** Private key of the client certificate (PEM). Default: none. */
  key: keys({ group, prose: 'Private key of the client certificate (PEM).' }),
  /** Client certificate and private key in one PFX archive. Default: none. */
  pfx: archives({ group, prose: 'Client certificate and private key in one PFX archive.' }),
  /**
   * Passphrase of key or pfx. On a command line, other users of the machine can see it.
   * Default: none.
   */
  passphrase: custom<string | null, string | null>({
    group,
    kind: 'string',
    prose: 'Passphrase of key or pfx. On a command line, other users of the machine can see it.',
    default: null,
    accepts: 'a string',
    secret: true,
    check: (value) => (typeof value === 'string' ? value : undefined),
  }),
  /** File to read pool.tls.ca from. Default: none. */
  caFile: credentialFile({ group, prose: 'File to read pool.tls.ca from.' }),
  /** File to read pool.tls.cert from. Default: none. */
  certFile: credentialFile({ group, prose: 'File to read pool.tls.cert from.' }),
  /** File to read pool.tls.key from. Default: none. */
  keyFile: credentialFile({ group, prose: 'File to read pool.tls.key from.' }),
  /** File to read pool.tls.pfx from. Default: none. */
  pfxFile: credentialFile({ group, prose: 'File to read pool.tls.pfx from.' }),
  /** Certificate revocation lists (PEM). Default: none. */
  crl: pem({ group, prose: 'Certificate revocation lists (PEM).' }),
  /** Server name to send (SNI) and to verify instead of the host of the backend. Default: none. */
  servername: string({
    group,
    prose: 'Server name to send (SNI) and to verify instead of the host of the backend.',
    default: null,
    accepts: 'a host name in ASCII',
    placeholder: 'NAME',
    check: (name) => /^[A-Za-z\d](?:[A-Za-z\d.-]{0,251}[A-Za-z\d])?\.?$/.test(name),
  }),
  /** Minimum TLS version. Default: none. */
  minVersion: version('Minimum TLS version.'),
  /** Maximum TLS version. Default: none. */
  maxVersion: version('Maximum TLS version.'),
  /** Cipher suites, in the format of OpenSSL. Default: none. */
  ciphers: string({ group, prose: 'Cipher suites, in the format of OpenSSL.', default: null }),
  /** Signature algorithms, separated by colons. Default: none. */
  sigalgs: string({ group, prose: 'Signature algorithms, separated by colons.', default: null }),
  /** ECDH curves, separated by colons. Default: none. */
  ecdhCurve: string({ group, prose: 'ECDH curves, separated by colons.', default: null }),
  /** Also trusts intermediate certificates in ca. Default: none. */
  allowPartialTrustChain: boolean({
    group,
    prose: 'Also trusts intermediate certificates in ca.',
    default: null,
  }),
  /** Writes a trace of TLS packets to standard error. Default: none. */
  enableTrace: boolean({
    group,
    prose: 'Writes a trace of TLS packets to standard error.',
    default: null,
  }),
  /**
   * Function that checks the certificate of the backend against its name, replacing the check of Node.
   * Default: none.
   */
  checkServerIdentity: method<(name: string, certificate: PeerCertificate) => Error | undefined>({
    group,
    prose:
      'Function that checks the certificate of the backend against its name, replacing the check of Node.',
  }),
  /** Function that returns the pre-shared key (RFC 4279). Default: none. */
  pskCallback: method<(hint: string | null) => PSKCallbackNegotation | null>({
    group,
    prose: 'Function that returns the pre-shared key (RFC 4279).',
  }),
  /** TLS session to resume on the first connection. Default: none. */
  session: blob({ group, prose: 'TLS session to resume on the first connection.' }),
  /** Requests the OCSP status of the certificate. Default: none. */
  requestOCSP: boolean({
    group,
    prose: 'Requests the OCSP status of the certificate.',
    default: null,
    text: null,
  }),
  /** Minimum size of a DH parameter, in bits. Default: none. */
  minDHSize: int32('Minimum size of a DH parameter, in bits.', 1),
  /**
   * Result of tls.createSecureContext, instead of the options it is created from.
   * Default: none.
   */
  secureContext: custom<SecureContext | null, SecureContext | null>({
    group,
    kind: 'object',
    prose: 'Result of tls.createSecureContext, instead of the options it is created from.',
    default: null,
    accepts: 'a SecureContext',
    secret: true,
    text: null,
    check: (value) =>
      typeof value === 'object' && value !== null && 'context' in value
        ? (value as SecureContext)
        : undefined,
  }),
  /** OpenSSL options, as a bit mask. Default: none. */
  secureOptions: int32('OpenSSL options, as a bit mask.', 0),
  /** OpenSSL protocol method; prefer minVersion and maxVersion. Default: none. */
  secureProtocol: string({
    group,
    prose: 'OpenSSL protocol method; prefer minVersion and maxVersion.',
    default: null,
  }),
  /**
   * Certificate compression algorithms to accept (RFC 8879), if Node supports it.
   * Default: none.
   */
  certificateCompression: custom<readonly string[] | null, readonly string[] | null>({
    group,
    kind: 'array',
    prose: 'Certificate compression algorithms to accept (RFC 8879), if Node supports it.',
    default: null,
    accepts: 'an array of "zlib", "brotli" or "zstd"',
    text: null,
    check: (value) =>
      Array.isArray(value) && value.every((one) => ['zlib', 'brotli', 'zstd'].includes(one))
        ? Object.freeze([...value])
        : undefined,
  }),
  /** Identifier of a private key in an OpenSSL engine. Default: none. */
  privateKeyIdentifier: named({
    group,
    prose: 'Identifier of a private key in an OpenSSL engine.',
  }),
  /** OpenSSL engine that holds the private key. Default: none. */
  privateKeyEngine: named({ group, prose: 'OpenSSL engine that holds the private key.' }),
  /** OpenSSL engine that provides the client certificate. Default: none. */
  clientCertEngine: named({ group, prose: 'OpenSSL engine that provides the client certificate.' }),
  /** DH parameters (PEM); only used by servers. Default: none. */
  dhparam: custom<string | Buffer | null, string | Buffer | null>({
    group,
    kind: 'pem',
    prose: 'DH parameters (PEM); only used by servers.',
    default: null,
    accepts: '"auto", PEM text or a Buffer',
    secret: true,
    text: null,
    check: (value) =>
      typeof value === 'string' || isUint8Array(value) ? (value as string | Buffer) : undefined,
  }),
  /** Prefers the local cipher order; only used by servers. Default: none. */
  honorCipherOrder: boolean({
    group,
    prose: 'Prefers the local cipher order; only used by servers.',
    default: null,
    text: null,
  }),
  /** Separates the sessions of different applications; only used by servers. Default: none. */
  sessionIdContext: named({
    group,
    prose: 'Separates the sessions of different applications; only used by servers.',
  }),
  /** Seconds for which a session can be resumed; only used by servers. Default: none. */
  sessionTimeout: int32('Seconds for which a session can be resumed; only used by servers.', 0),
  /** Session ticket keys, 48 bytes; only used by servers. Default: none. */
  ticketKeys: blob({ group, prose: 'Session ticket keys, 48 bytes; only used by servers.' }),
});

/** Trust and credentials for `https:` and `wss:` backends, as `node:tls` takes them. */
export interface PoolTlsOptions extends OptionInput<typeof tlsOptions> {}

/** The same, checked and complete. */
export interface PoolTlsValues extends OptionValues<typeof tlsOptions> {}

type Row<T> = Option<T | null, T | null>;

/** Private keys as `node:tls` takes them, each with its passphrase if need be. */
export type PrivateKeyInput = string | Buffer | readonly (string | Buffer | TlsKeyObject)[];

/** As `pem`, and with a passphrase for each. */
function keys(spec: RowText): Row<PrivateKeyInput> {
  const plain = pem(spec);
  return custom<PrivateKeyInput | null, PrivateKeyInput | null>({
    ...spec,
    kind: 'pem',
    default: null,
    accepts: 'PEM text, a Buffer, or an array of these or of {pem, passphrase}',
    secret: true,
    ...(plain.text === null ? {} : { text: plain.text }),
    check: (value) => {
      if (!Array.isArray(value)) return isBytes(value) ? value : undefined;
      return value.length > 0 && value.every((one) => isBytes(one) || isLocked(one, 'pem'))
        ? (Object.freeze([...value]) as PrivateKeyInput)
        : undefined;
    },
  });
}

/** PFX archives as `node:tls` takes them, each with its passphrase if need be. */
export type PfxInput = string | Buffer | readonly (string | Buffer | PxfObject)[];

function archives(spec: RowText): Row<PfxInput> {
  return custom<PfxInput | null, PfxInput | null>({
    ...spec,
    kind: 'pfx',
    default: null,
    accepts: 'a Buffer, or an array of these or of {buf, passphrase}',
    secret: true,
    // Its bytes are no text.
    text: null,
    check: (value) => {
      if (!Array.isArray(value)) return isBytes(value) ? value : undefined;
      return value.length > 0 && value.every((one) => isBytes(one) || isLocked(one, 'buf'))
        ? (Object.freeze([...value]) as PfxInput)
        : undefined;
    },
  });
}

const isBytes = (value: unknown): value is string | Buffer =>
  (typeof value === 'string' || isUint8Array(value)) && value.length > 0;

const isLocked = (value: unknown, name: 'pem' | 'buf'): boolean =>
  isPlainObject(value) &&
  isBytes(value[name]) &&
  (value.passphrase === undefined || typeof value.passphrase === 'string');

function version(prose: string): Row<SecureVersion> {
  return choice({ group, prose, values: tlsVersions, default: null, placeholder: 'VERSION' });
}

function int32(prose: string, min: number): Row<number> {
  return optionalCount({ group, prose, min, max: 2 ** 31 - 1, placeholder: null });
}

function named(spec: RowText): Row<string> {
  return custom<string | null, string | null>({
    ...spec,
    kind: 'string',
    default: null,
    accepts: 'a string',
    text: null,
    check: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  });
}

function blob(spec: RowText): Row<Buffer> {
  return custom<Buffer | null, Buffer | null>({
    ...spec,
    kind: 'buffer',
    default: null,
    accepts: 'a Buffer',
    secret: true,
    text: null,
    check: (value) => (isUint8Array(value) ? (value as Buffer) : undefined),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters are those of Node's callbacks
function method<M extends (...args: any[]) => unknown>(spec: RowText): Row<M> {
  return custom<M | null, M | null>({
    ...spec,
    kind: 'function',
    default: null,
    accepts: 'a function',
    text: null,
    check: (value) => (typeof value === 'function' ? (value as M) : undefined),
  });
}

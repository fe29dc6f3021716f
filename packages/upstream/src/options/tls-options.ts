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
  credentialFile,
  custom,
  defineOptions,
  isPlainObject,
  type Option,
  type OptionInput,
  type OptionValues,
  pem,
  type RowText,
  string,
} from '@reverseit/core/options';

const group = 'Backend connections';

export const tlsOptions = defineOptions({
  /** Certificates to trust instead of those that Node trusts, in PEM. Default: none. */
  ca: pem({ group, prose: 'Certificates to trust instead of those that Node trusts, in PEM.' }),
  /** Client certificate chain, in PEM. Default: none. */
  cert: pem({ group, prose: 'Client certificate chain, in PEM.' }),
  /** Private key of the client certificate, in PEM. Default: none. */
  key: keys({ group, prose: 'Private key of the client certificate, in PEM.' }),
  /** Client certificate and private key in one, as a PFX archive. Default: none. */
  pfx: archives({ group, prose: 'Client certificate and private key in one, as a PFX archive.' }),
  /**
   * Unlocks key or pfx. Other users of the machine see what stands on a command line.
   * Default: none.
   */
  passphrase: custom<string | null, string | null>({
    group,
    kind: 'string',
    prose: 'Unlocks key or pfx. Other users of the machine see what stands on a command line.',
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
  /** Certificate revocation lists, in PEM. Default: none. */
  crl: pem({ group, prose: 'Certificate revocation lists, in PEM.' }),
  /** Name to ask for and to verify instead of the host of the backend. Default: none. */
  servername: string({
    group,
    prose: 'Name to ask for and to verify instead of the host of the backend.',
    default: null,
    accepts: 'a host name in ASCII',
    placeholder: 'NAME',
    check: (name) => /^[A-Za-z\d](?:[A-Za-z\d.-]{0,251}[A-Za-z\d])?\.?$/.test(name),
  }),
  /** Lowest version of TLS. Default: none. */
  minVersion: version({ group, prose: 'Lowest version of TLS.' }),
  /** Highest version of TLS. Default: none. */
  maxVersion: version({ group, prose: 'Highest version of TLS.' }),
  /** Cipher suites, as OpenSSL lists them. Default: none. */
  ciphers: string({ group, prose: 'Cipher suites, as OpenSSL lists them.', default: null }),
  /** Signature algorithms, with colons between. Default: none. */
  sigalgs: string({ group, prose: 'Signature algorithms, with colons between.', default: null }),
  /** Curves for ECDH, with colons between. Default: none. */
  ecdhCurve: string({ group, prose: 'Curves for ECDH, with colons between.', default: null }),
  /** Trusts intermediate certificates in ca as well. Default: none. */
  allowPartialTrustChain: truth({
    group,
    prose: 'Trusts intermediate certificates in ca as well.',
    hasFlag: true,
  }),
  /** Traces TLS packets to standard error. Default: none. */
  enableTrace: truth({ group, prose: 'Traces TLS packets to standard error.', hasFlag: true }),
  /**
   * Checks the certificate of the backend against its name, instead of the check of Node.
   * Default: none.
   */
  checkServerIdentity: method<(name: string, certificate: PeerCertificate) => Error | undefined>({
    group,
    prose: 'Checks the certificate of the backend against its name, instead of the check of Node.',
  }),
  /** Gives the key that is shared with the backend (RFC 4279). Default: none. */
  pskCallback: method<(hint: string | null) => PSKCallbackNegotation | null>({
    group,
    prose: 'Gives the key that is shared with the backend (RFC 4279).',
  }),
  /** Session to resume with the first connection. Default: none. */
  session: blob({ group, prose: 'Session to resume with the first connection.' }),
  /** Asks for the OCSP status of the certificate. Default: none. */
  requestOCSP: truth({ group, prose: 'Asks for the OCSP status of the certificate.' }),
  /** Smallest size of a DH parameter, in bits. Default: none. */
  minDHSize: whole({ group, prose: 'Smallest size of a DH parameter, in bits.', min: 1 }),
  /**
   * What tls.createSecureContext has made, instead of the options that it is made of.
   * Default: none.
   */
  secureContext: custom<SecureContext | null, SecureContext | null>({
    group,
    kind: 'object',
    prose: 'What tls.createSecureContext has made, instead of the options that it is made of.',
    default: null,
    accepts: 'a SecureContext',
    secret: true,
    text: null,
    check: (value) =>
      typeof value === 'object' && value !== null && 'context' in value
        ? (value as SecureContext)
        : undefined,
  }),
  /** Options of OpenSSL, as a bit mask. Default: none. */
  secureOptions: whole({ group, prose: 'Options of OpenSSL, as a bit mask.', min: 0 }),
  /** Protocol method of OpenSSL; minVersion and maxVersion say it better. Default: none. */
  secureProtocol: string({
    group,
    prose: 'Protocol method of OpenSSL; minVersion and maxVersion say it better.',
    default: null,
  }),
  /** Compressions of certificates to accept (RFC 8879), where Node knows of it. Default: none. */
  certificateCompression: custom<readonly string[] | null, readonly string[] | null>({
    group,
    kind: 'array',
    prose: 'Compressions of certificates to accept (RFC 8879), where Node knows of it.',
    default: null,
    accepts: 'an array of "zlib", "brotli" or "zstd"',
    text: null,
    check: (value) =>
      Array.isArray(value) && value.every((one) => ['zlib', 'brotli', 'zstd'].includes(one))
        ? Object.freeze([...value])
        : undefined,
  }),
  /** Private key that an engine of OpenSSL holds. Default: none. */
  privateKeyIdentifier: named({ group, prose: 'Private key that an engine of OpenSSL holds.' }),
  /** Engine of OpenSSL that holds the private key. Default: none. */
  privateKeyEngine: named({ group, prose: 'Engine of OpenSSL that holds the private key.' }),
  /** Engine of OpenSSL that has the client certificate. Default: none. */
  clientCertEngine: named({ group, prose: 'Engine of OpenSSL that has the client certificate.' }),
  /** DH parameters, in PEM; of use to servers. Default: none. */
  dhparam: custom<string | Buffer | null, string | Buffer | null>({
    group,
    kind: 'pem',
    prose: 'DH parameters, in PEM; of use to servers.',
    default: null,
    accepts: '"auto", PEM text or a Buffer',
    secret: true,
    text: null,
    check: (value) =>
      typeof value === 'string' || isUint8Array(value) ? (value as string | Buffer) : undefined,
  }),
  /** Prefers its own order of ciphers; of use to servers. Default: none. */
  honorCipherOrder: truth({ group, prose: 'Prefers its own order of ciphers; of use to servers.' }),
  /** Tells sessions of one application from those of another; of use to servers. Default: none. */
  sessionIdContext: named({
    group,
    prose: 'Tells sessions of one application from those of another; of use to servers.',
  }),
  /** Seconds for which a session may be resumed; of use to servers. Default: none. */
  sessionTimeout: whole({
    group,
    prose: 'Seconds for which a session may be resumed; of use to servers.',
    min: 0,
  }),
  /** Keys of session tickets, 48 bytes; of use to servers. Default: none. */
  ticketKeys: blob({ group, prose: 'Keys of session tickets, 48 bytes; of use to servers.' }),
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

export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

function version(spec: RowText): Row<SecureVersion> {
  return custom<SecureVersion | null, SecureVersion | null>({
    ...spec,
    kind: 'choice',
    default: null,
    accepts: '"TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3"',
    text: { placeholder: 'VERSION' },
    check: (value) => tlsVersions.find((one) => one === value),
  });
}

function truth({
  hasFlag = false,
  ...spec
}: RowText & { readonly hasFlag?: boolean }): Row<boolean> {
  return custom<boolean | null, boolean | null>({
    ...spec,
    kind: 'boolean',
    default: null,
    accepts: 'true or false',
    text: hasFlag
      ? {
          placeholder: '',
          negatable: true,
          parse: (text) => (text === 'true' ? true : text === 'false' ? false : text),
        }
      : null,
    check: (value) => (typeof value === 'boolean' ? value : undefined),
  });
}

function whole({ min, ...spec }: RowText & { readonly min: number }): Row<number> {
  return custom<number | null, number | null>({
    ...spec,
    kind: 'count',
    default: null,
    accepts: `a whole number from ${min} to 2147483647`,
    text: null,
    check: (value) =>
      Number.isInteger(value) && Number(value) >= min && Number(value) < 2 ** 31
        ? Number(value)
        : undefined,
  });
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

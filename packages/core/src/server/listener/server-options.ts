/** The options of the listener. They bind while a request is parsed, so no route can differ in them. */
import type { TlsOptions } from 'node:tls';
import { type Faults, keyPath } from '../../options/faults.ts';
import { addresses } from '../../options/option-address-kind.ts';
import {
  certificates,
  type NamedCertificate,
  namesOfCertificate,
} from '../../options/option-certificates-kind.ts';
import { openGroup, switchGroup } from '../../options/option-groups.ts';
import {
  boolean,
  bytes,
  choice,
  choices,
  count,
  milliseconds,
} from '../../options/option-kinds.ts';
import {
  defineOptions,
  type OptionInput,
  type OptionValues,
  resolveOptions,
} from '../../options/option-schema.ts';
import { credentialFile, type FileInput, pem } from '../../options/option-wire-kinds.ts';
import { checkCredentials } from '../../options/tls-credentials.ts';
import type { HalfClose } from '../exchange/server-context.ts';
import { hasOwnPair } from './named-certificates.ts';

/** What the listener decides by itself: of two answers the one given here would be passed over in silence. */
const decidedHere: Readonly<Record<string, string>> = {
  ALPNProtocols: 'follows from protocols (RFC 7301)',
  ALPNCallback: 'follows from protocols (RFC 7301)',
  handshakeTimeout: 'is set by requestHeaderTimeout',
  allowHalfOpen: 'is set by the listener',
  pauseOnConnect: 'is set by the listener',
  noDelay: 'is set by the listener',
  keepAlive: 'is set by the listener',
  keepAliveInitialDelay: 'is set by the listener',
};

/** A listener that has no certificate could finish no handshake. */
function checkListenerTls(
  given: Readonly<Record<string, unknown>>,
  key: string,
  faults: Faults,
): void {
  const has = (name: string): boolean => given[name] !== undefined && given[name] !== null;
  const pair = has('key') && has('cert');
  const half = has('key') !== has('cert') && !has('pfx');
  // A key pair that is chosen by name, or none at all with a shared key (RFC 4279).
  const others = has('certificates') ? half : !has('SNICallback') && !has('pskCallback');
  if (!pair && !has('pfx') && others) {
    const missing = has('key') ? 'cert' : has('cert') ? 'key' : 'key and cert';
    faults.add(
      key,
      `${missing} missing; expected key and cert, pfx, certificates, SNICallback or pskCallback`,
    );
  }
  checkNames(given, key, faults);
  for (const [name, why] of Object.entries(decidedHere)) {
    if (has(name)) faults.add(keyPath(key, name), `cannot be set; it ${why}`);
  }
  const { certificates: _, ...own } = given;
  checkCredentials(own, key, faults);
}

/** A certificate that has no name serves as the default only. */
function checkNames(given: ListenerTlsOptions, key: string, faults: Faults): void {
  for (const [nth, certificate] of (given.certificates ?? []).entries()) {
    const isDefault = nth === 0 && !hasOwnPair(given);
    if (isDefault || namesOfCertificate(certificate).length > 0) continue;
    faults.add(
      `${keyPath(key, 'certificates')}[${nth}]`,
      'names missing, and the certificate has no DNS name in subjectAltName; no client would get it',
    );
  }
}

/** What the listener takes of Node's options, and files to read some of them from at start. */
export interface ListenerTlsOptions extends TlsOptions {
  /** File to read `key` from, or several; in PEM. */
  readonly keyFile?: FileInput;
  /** File to read `cert` from, or several; in PEM. */
  readonly certFile?: FileInput;
  /** File to read `ca` from, or several; in PEM. */
  readonly caFile?: FileInput;
  /** File to read `pfx` from, or several. */
  readonly pfxFile?: FileInput;
  /** Certificates by server name (SNI). */
  readonly certificates?: readonly NamedCertificate[] | null | undefined;
}

const proxyProtocolOptions = defineOptions({
  /**
   * Peers that send the header; connections of all others are closed. Without it, those of trustedProxies.
   * Default: none.
   */
  from: addresses({
    group: 'Client connections',
    prose:
      'Peers that send the header; connections of all others are closed. Without it, those of trustedProxies.',
  }),
});

/** Who sends PROXY protocol headers, as a user writes it. */
export interface ProxyProtocolOptions extends OptionInput<typeof proxyProtocolOptions> {}

const head = 'Request headers';
const client = 'Client connections';

/** What is held of a request head before it is complete stays in memory, so none of it is unlimited. */
const maxHeadLimit = 16 * 1024 * 1024;

/** The options of a server. */
export const serverOptions = defineOptions({
  /** Maximum length of the request target. Default: 8192 bytes. If exceeded: 414. */
  maxRequestTargetBytes: bytes({
    group: head,
    prose: 'Maximum length of the request target.',
    default: 8192,
    max: maxHeadLimit,
    answers: '414',
  }),
  /**
   * Maximum length of a header line: name, colon, space and value.
   * Default: 8192 bytes. If exceeded: 431.
   */
  maxRequestHeaderLineBytes: bytes({
    group: head,
    prose: 'Maximum length of a header line: name, colon, space and value.',
    default: 8192,
    max: maxHeadLimit,
    answers: '431',
  }),
  /**
   * Maximum size of all request headers: name, colon, space and value of each line.
   * Default: 65536 bytes. If exceeded: 431.
   */
  maxRequestHeaderBytes: bytes({
    group: head,
    prose: 'Maximum size of all request headers: name, colon, space and value of each line.',
    default: 65536,
    max: maxHeadLimit,
    answers: '431',
  }),
  /** Maximum number of header lines in a request. Default: 100. If exceeded: 431. */
  maxRequestHeaders: count({
    group: head,
    prose: 'Maximum number of header lines in a request.',
    default: 100,
    max: 65535,
    answers: '431',
  }),
  /**
   * Maximum time to receive the request headers, from the first byte or, on a new connection, from the accept.
   * Default: 30000 ms. If exceeded: 408.
   */
  requestHeaderTimeout: milliseconds({
    group: head,
    prose:
      'Maximum time to receive the request headers, from the first byte or, on a new connection, from the accept.',
    default: 30000,
    answers: '408',
  }),
  /**
   * Maximum idle time of a client connection between requests.
   * Default: 75000 ms. If exceeded: closed silently.
   */
  keepAliveTimeout: milliseconds({
    group: client,
    prose: 'Maximum idle time of a client connection between requests.',
    default: 75000,
    answers: 'closed silently',
  }),
  /**
   * Closes the connection when the client reads nothing for this long while response data waits for it.
   * Default: 60000 ms. If exceeded: reset.
   */
  responseSendTimeout: milliseconds({
    group: client,
    prose:
      'Closes the connection when the client reads nothing for this long while response data waits for it.',
    default: 60000,
    answers: 'reset',
  }),
  /** Maximum number of client connections. Default: Infinity. If exceeded: closed at accept. */
  maxConnections: count({
    group: client,
    prose: 'Maximum number of client connections.',
    default: Number.POSITIVE_INFINITY,
    lift: true,
    answers: 'closed at accept',
  }),
  /**
   * Maximum number of requests on one client connection; the last response announces the close.
   * Default: Infinity. If exceeded: Connection: close.
   */
  maxRequestsPerConnection: count({
    group: client,
    prose:
      'Maximum number of requests on one client connection; the last response announces the close.',
    default: Number.POSITIVE_INFINITY,
    lift: true,
    answers: 'Connection: close',
  }),
  /**
   * Requires a PROXY protocol header, of version 1 or 2, before anything else on each connection.
   */
  proxyProtocol: switchGroup<typeof proxyProtocolOptions, ProxyProtocolOptions>({
    group: client,
    prose:
      'Requires a PROXY protocol header, of version 1 or 2, before anything else on each connection.',
    flagPrefix: 'proxy-protocol',
    rows: proxyProtocolOptions,
  }),
  /**
   * For a client that closes its sending side and waits: test if it is still there (`probe`), close (`abort`), or answer (`allow`).
   * Default: "probe".
   */
  halfClose: choice<HalfClose>({
    group: client,
    prose:
      'For a client that closes its sending side and waits: test if it is still there (`probe`), close (`abort`), or answer (`allow`).',
    default: 'probe',
    values: ['probe', 'abort', 'allow'],
  }),
  /**
   * Protocols for clients, the preferred first: ALPN with TLS; "http2" alone without TLS is prior knowledge (RFC 9113 §3.3).
   * Default: ["http1"].
   */
  protocols: choices({
    group: client,
    flag: 'listen-protocols',
    prose:
      'Protocols for clients, the preferred first: ALPN with TLS; "http2" alone without TLS is prior knowledge (RFC 9113 §3.3).',
    values: ['http1', 'http2'],
    default: ['http1'],
  }),
  /**
   * Maximum number of requests at a time on one HTTP/2 connection.
   * Default: 100. If exceeded: REFUSED_STREAM.
   */
  maxConcurrentStreams: count({
    group: client,
    prose: 'Maximum number of requests at a time on one HTTP/2 connection.',
    default: 100,
    max: 65535,
    answers: 'REFUSED_STREAM',
  }),
  /**
   * Maximum number of requests per second that an HTTP/2 client may cancel, or break so that they are reset.
   * Default: 200. If exceeded: GOAWAY, closed.
   */
  maxStreamResetsPerSecond: count({
    group: client,
    prose:
      'Maximum number of requests per second that an HTTP/2 client may cancel, or break so that they are reset.',
    default: 200,
    lift: true,
    answers: 'GOAWAY, closed',
  }),
  /**
   * TLS for the listener: the options of tls.createServer, except those that the listener sets itself.
   */
  tls: openGroup<ListenerTlsOptions>({
    group: client,
    prose:
      'TLS for the listener: the options of tls.createServer, except those that the listener sets itself.',
    accepts: 'an object of options of node:tls, such as {key, cert}',
    flagPrefix: 'tls',
    check: checkListenerTls,
    rows: defineOptions({
      /** Private key of the listener (PEM). Default: none. */
      key: pem({ group: client, prose: 'Private key of the listener (PEM).' }),
      /** Certificate chain of the listener (PEM). Default: none. */
      cert: pem({ group: client, prose: 'Certificate chain of the listener (PEM).' }),
      /**
       * Asks clients for a certificate, which tls.ca must have signed unless tls.rejectUnauthorized is false.
       * Default: false.
       */
      requestCert: boolean({
        group: client,
        prose:
          'Asks clients for a certificate, which tls.ca must have signed unless tls.rejectUnauthorized is false.',
        default: false,
      }),
      /** File to read tls.key from. Default: none. */
      keyFile: credentialFile({ group: client, prose: 'File to read tls.key from.' }),
      /** File to read tls.cert from. Default: none. */
      certFile: credentialFile({ group: client, prose: 'File to read tls.cert from.' }),
      /** File to read tls.ca from. Default: none. */
      caFile: credentialFile({ group: client, prose: 'File to read tls.ca from.' }),
      /** File to read tls.pfx from. Default: none. */
      pfxFile: credentialFile({ group: client, prose: 'File to read tls.pfx from.' }),
      /**
       * Certificates by server name (SNI); the first is the default unless tls has its own. Their names default to subjectAltName.
       * Default: none.
       */
      certificates: certificates({
        group: client,
        prose:
          'Certificates by server name (SNI); the first is the default unless tls has its own. Their names default to subjectAltName.',
      }),
    }),
  }),
});

/** Options of the listener, as a user writes them. */
export interface ServerOptions extends OptionInput<typeof serverOptions> {}

/** Options of the listener, checked, complete and frozen. In a timeout 0 means none. */
export interface ResolvedServerOptions extends OptionValues<typeof serverOptions> {}

/** @throws ConfigError that lists every fault. */
export function resolveServerOptions(input: ServerOptions = {}): ResolvedServerOptions {
  return resolveOptions(serverOptions, input);
}

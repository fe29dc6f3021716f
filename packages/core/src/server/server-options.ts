/** The options of the listener. They bind while a request is parsed, so no route can differ in them. */
import type { TlsOptions } from 'node:tls';
import { type Faults, keyPath } from '../options/faults.ts';
import { openGroup } from '../options/option-groups.ts';
import { bytes, count, milliseconds } from '../options/option-kinds.ts';
import {
  defineOptions,
  type OptionInput,
  type OptionValues,
  resolveOptions,
} from '../options/option-schema.ts';
import { credentialFile, type FileInput, pem } from '../options/option-wire-kinds.ts';
import { checkCredentials } from '../options/tls-credentials.ts';

/** What the listener decides by itself: of two answers the one given here would be passed over in silence. */
const decidedHere: Readonly<Record<string, string>> = {
  ALPNProtocols: 'is http/1.1 and http/1.0, the protocols that are spoken here (RFC 7301)',
  ALPNCallback: 'is http/1.1 and http/1.0, the protocols that are spoken here (RFC 7301)',
  handshakeTimeout: 'is the option requestHeaderTimeout',
  allowHalfOpen: 'is decided by the listener',
  pauseOnConnect: 'is decided by the listener',
  noDelay: 'is decided by the listener',
  keepAlive: 'is decided by the listener',
  keepAliveInitialDelay: 'is decided by the listener',
};

/** A listener that has no certificate could finish no handshake. */
function checkListenerTls(
  given: Readonly<Record<string, unknown>>,
  key: string,
  faults: Faults,
): void {
  const has = (name: string): boolean => given[name] !== undefined && given[name] !== null;
  const pair = has('key') && has('cert');
  // A key pair that is chosen by name, or none at all with a shared key (RFC 4279).
  if (!pair && !has('pfx') && !has('SNICallback') && !has('pskCallback')) {
    const missing = has('key') ? 'cert' : has('cert') ? 'key' : 'key and cert';
    faults.add(
      key,
      `${missing} missing; expected key and cert, or pfx, SNICallback or pskCallback`,
    );
  }
  for (const [name, why] of Object.entries(decidedHere)) {
    if (has(name)) faults.add(keyPath(key, name), `cannot be set; it ${why}`);
  }
  checkCredentials(given, key, faults);
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
}

const head = 'Request head';
const client = 'Client connections';

/** What is held of a request head before it is complete stays in memory, so none of it is unlimited. */
const mostHeadBytes = 16 * 1024 * 1024;

/** The options of a server. */
export const serverOptions = defineOptions({
  /** Longest request target. Default: 8192 bytes. If exceeded: 414. */
  maxRequestTargetBytes: bytes({
    group: head,
    prose: 'Longest request target.',
    default: 8192,
    max: mostHeadBytes,
    answers: '414',
  }),
  /** Longest header line, counted as name + 2 + value. Default: 8192 bytes. If exceeded: 431. */
  maxRequestHeaderLineBytes: bytes({
    group: head,
    prose: 'Longest header line, counted as name + 2 + value.',
    default: 8192,
    max: mostHeadBytes,
    answers: '431',
  }),
  /**
   * Largest sum of header lines, counted as name + 2 + value each.
   * Default: 65536 bytes. If exceeded: 431.
   */
  maxRequestHeaderBytes: bytes({
    group: head,
    prose: 'Largest sum of header lines, counted as name + 2 + value each.',
    default: 65536,
    max: mostHeadBytes,
    answers: '431',
  }),
  /** Most header lines in a request. Default: 100. If exceeded: 431. */
  maxRequestHeaders: count({
    group: head,
    prose: 'Most header lines in a request.',
    default: 100,
    max: 65535,
    answers: '431',
  }),
  /**
   * Longest time from the first byte of a request, or the accept, to the end of its head.
   * Default: 30000 ms. If exceeded: 408.
   */
  requestHeaderTimeout: milliseconds({
    group: head,
    prose: 'Longest time from the first byte of a request, or the accept, to the end of its head.',
    default: 30000,
    answers: '408',
  }),
  /**
   * Longest time a client connection may be idle between requests.
   * Default: 75000 ms. If exceeded: closed silently.
   */
  keepAliveTimeout: milliseconds({
    group: client,
    prose: 'Longest time a client connection may be idle between requests.',
    default: 75000,
    answers: 'closed silently',
  }),
  /**
   * Longest time a client may take no byte of a response that waits for it.
   * Default: 60000 ms. If exceeded: reset.
   */
  responseSendTimeout: milliseconds({
    group: client,
    prose: 'Longest time a client may take no byte of a response that waits for it.',
    default: 60000,
    answers: 'reset',
  }),
  /** Most client connections at a time. Default: Infinity. If exceeded: closed at accept. */
  maxConnections: count({
    group: client,
    prose: 'Most client connections at a time.',
    default: Number.POSITIVE_INFINITY,
    lift: true,
    answers: 'closed at accept',
  }),
  /**
   * Most requests on one client connection; the last response says so.
   * Default: Infinity. If exceeded: Connection: close.
   */
  maxRequestsPerConnection: count({
    group: client,
    prose: 'Most requests on one client connection; the last response says so.',
    default: Number.POSITIVE_INFINITY,
    lift: true,
    answers: 'Connection: close',
  }),
  /**
   * Listens with TLS. Every option of a TLS server of Node is taken but those that the listener decides.
   */
  tls: openGroup<ListenerTlsOptions>({
    group: client,
    prose:
      'Listens with TLS. Every option of a TLS server of Node is taken but those that the listener decides.',
    accepts: 'an object of options of node:tls, such as {key, cert}',
    flagPrefix: 'tls',
    check: checkListenerTls,
    rows: defineOptions({
      /** Private key of the listener, in PEM. Default: none. */
      key: pem({ group: client, prose: 'Private key of the listener, in PEM.' }),
      /** Certificate chain of the listener, in PEM. Default: none. */
      cert: pem({ group: client, prose: 'Certificate chain of the listener, in PEM.' }),
      /** File to read tls.key from. Default: none. */
      keyFile: credentialFile({ group: client, prose: 'File to read tls.key from.' }),
      /** File to read tls.cert from. Default: none. */
      certFile: credentialFile({ group: client, prose: 'File to read tls.cert from.' }),
      /** File to read tls.ca from. Default: none. */
      caFile: credentialFile({ group: client, prose: 'File to read tls.ca from.' }),
      /** File to read tls.pfx from. Default: none. */
      pfxFile: credentialFile({ group: client, prose: 'File to read tls.pfx from.' }),
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

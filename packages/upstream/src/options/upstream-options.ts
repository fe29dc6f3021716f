/** The options of a pool: how a backend is connected to. Requests bring their own limits. */
import {
  boolean,
  choice,
  choices,
  count,
  defineOptions,
  milliseconds,
  type OptionInput,
  type OptionValues,
  optionalGroup,
} from '@reverseit/core/options';
import { defaultTransport } from './default-transport.ts';
import { type PoolTlsOptions, type PoolTlsValues, tlsOptions } from './tls-options.ts';
import { checkTls, tlsElsewhere } from './tls-rules.ts';

const group = 'Backend connections';

export const poolOptions = defineOptions({
  /** Maximum number of connections per backend and pool. Default: 50. */
  poolSize: count({
    group,
    prose: 'Maximum number of connections per backend and pool.',
    default: 50,
    max: 65535,
  }),
  /** Number of pools per backend. Default: 1. */
  poolCount: count({ group, prose: 'Number of pools per backend.', default: 1, max: 1024 }),
  /**
   * Maximum time to connect to a backend: DNS lookup, all of its addresses and TLS included.
   * Default: 5000 ms. If exceeded: 504.
   */
  connectTimeout: milliseconds({
    group,
    prose:
      'Maximum time to connect to a backend: DNS lookup, all of its addresses and TLS included.',
    default: 5000,
    answers: '504',
  }),
  /** Maximum idle time of a backend connection. Default: 90000 ms. If exceeded: closed silently. */
  connMaxIdleTime: milliseconds({
    group,
    prose: 'Maximum idle time of a backend connection.',
    default: 90000,
    answers: 'closed silently',
  }),
  /**
   * Maximum age at which a backend connection gets new requests, less up to a tenth at random so that they do not all expire at once.
   * Default: 0. If exceeded: replaced once idle.
   */
  connMaxLifetime: milliseconds({
    group,
    prose:
      'Maximum age at which a backend connection gets new requests, less up to a tenth at random so that they do not all expire at once.',
    default: 0,
    answers: 'replaced once idle',
  }),
  /**
   * Maximum number of requests on one backend connection.
   * Default: Infinity. If exceeded: replaced once idle.
   */
  connMaxRequests: count({
    group,
    prose: 'Maximum number of requests on one backend connection.',
    default: Number.POSITIVE_INFINITY,
    lift: true,
    answers: 'replaced once idle',
  }),
  /**
   * Protocols for backends: ALPN on https; "http2" alone on http is prior knowledge (RFC 9113 §3.3). WebSockets use HTTP/1.1.
   * Default: ["http1"].
   */
  protocols: choices({
    group,
    prose:
      'Protocols for backends: ALPN on https; "http2" alone on http is prior knowledge (RFC 9113 §3.3). WebSockets use HTTP/1.1.',
    values: ['http1', 'http2'],
    default: ['http1'],
  }),
  /**
   * HTTP/1.1 client for backends: undici, or "direct", the built-in one with less overhead.
   * Default: "undici".
   */
  transport: choice({
    group,
    prose:
      'HTTP/1.1 client for backends: undici, or "direct", the built-in one with less overhead.',
    values: ['undici', 'direct'],
    default: defaultTransport,
  }),
  /**
   * Begins each backend connection with a PROXY protocol header of the client; it then serves that client connection only.
   * Default: false.
   */
  sendProxyProtocol: choice({
    group,
    prose:
      'Begins each backend connection with a PROXY protocol header of the client; it then serves that client connection only.',
    values: ['v1', 'v2', false],
    default: false,
  }),
  /** Verifies the certificate of the backend. Default: true. Error: 502. */
  verifyTls: boolean({
    group,
    prose: 'Verifies the certificate of the backend.',
    default: true,
    answers: '502',
  }),
  /** TLS to the backend: the options of tls.connect. */
  tls: optionalGroup<typeof tlsOptions, PoolTlsOptions, PoolTlsValues>({
    group,
    prose: 'TLS to the backend: the options of tls.connect.',
    flagPrefix: 'backend-tls',
    check: checkTls,
    elsewhere: tlsElsewhere,
    rows: tlsOptions,
  }),
});

/** Options of a pool, as a user writes them. */
export interface PoolOptions extends OptionInput<typeof poolOptions> {}

/** Options of a pool, checked and complete. In a timeout 0 means none. */
export interface PoolValues extends OptionValues<typeof poolOptions> {}

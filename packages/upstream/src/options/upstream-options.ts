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
import { type PoolTlsOptions, type PoolTlsValues, tlsOptions } from './tls-options.ts';
import { checkTls, tlsElsewhere } from './tls-rules.ts';

const group = 'Backend connections';

export const poolOptions = defineOptions({
  /** Most connections per backend and pool. Default: 50. */
  poolSize: count({
    group,
    prose: 'Most connections per backend and pool.',
    default: 50,
    max: 65535,
  }),
  /** Pools per backend. Default: 1. */
  poolCount: count({ group, prose: 'Pools per backend.', default: 1, max: 1024 }),
  /**
   * Longest time to connect to a backend, by whichever of its addresses, look-up and TLS included.
   * Default: 5000 ms. If exceeded: 504.
   */
  connectTimeout: milliseconds({
    group,
    prose:
      'Longest time to connect to a backend, by whichever of its addresses, look-up and TLS included.',
    default: 5000,
    answers: '504',
  }),
  /**
   * Longest time a backend connection is kept unused.
   * Default: 90000 ms. If exceeded: closed silently.
   */
  connMaxIdleTime: milliseconds({
    group,
    prose: 'Longest time a backend connection is kept unused.',
    default: 90000,
    answers: 'closed silently',
  }),
  /**
   * Longest time a backend connection gets new requests; each up to a tenth less, so that they do not end all at once.
   * Default: 0. If exceeded: replaced once idle.
   */
  connMaxLifetime: milliseconds({
    group,
    prose:
      'Longest time a backend connection gets new requests; each up to a tenth less, so that they do not end all at once.',
    default: 0,
    answers: 'replaced once idle',
  }),
  /**
   * Most requests on one backend connection.
   * Default: Infinity. If exceeded: replaced once idle.
   */
  connMaxRequests: count({
    group,
    prose: 'Most requests on one backend connection.',
    default: Number.POSITIVE_INFINITY,
    lift: true,
    answers: 'replaced once idle',
  }),
  /**
   * Protocols to speak: ALPN chooses on https; "http2" alone on http is prior knowledge (RFC 9113 §3.3). WebSockets go over HTTP/1.1.
   * Default: ["http1"].
   */
  protocols: choices({
    group,
    prose:
      'Protocols to speak: ALPN chooses on https; "http2" alone on http is prior knowledge (RFC 9113 §3.3). WebSockets go over HTTP/1.1.',
    values: ['http1', 'http2'],
    default: ['http1'],
  }),
  /**
   * What speaks HTTP/1.1 to backends: undici, or lean connections of our own.
   * Default: "undici".
   */
  transport: choice({
    group,
    prose: 'What speaks HTTP/1.1 to backends: undici, or lean connections of our own.',
    values: ['undici', 'direct'],
    default: 'undici',
  }),
  /** Verifies the certificate of the backend. Default: true. If exceeded: 502. */
  verifyTls: boolean({
    group,
    prose: 'Verifies the certificate of the backend.',
    default: true,
    answers: '502',
  }),
  /** TLS to the backend, by the options of tls.connect. */
  tls: optionalGroup<typeof tlsOptions, PoolTlsOptions, PoolTlsValues>({
    group,
    prose: 'TLS to the backend, by the options of tls.connect.',
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

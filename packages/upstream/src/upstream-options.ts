/** The options of a pool: how a backend is connected to. Requests bring their own limits. */
import {
  boolean,
  checkCredentials,
  choice,
  choices,
  count,
  credentialFile,
  defineOptions,
  milliseconds,
  type OptionInput,
  type OptionValues,
  optionalGroup,
  pem,
  string,
} from '@reverseit/core/options';

const group = 'Backend connections';

const tlsOptions = defineOptions({
  /** Certificates to trust instead of those that Node trusts, in PEM. Default: none. */
  ca: pem({ group, prose: 'Certificates to trust instead of those that Node trusts, in PEM.' }),
  /** Client certificate chain, in PEM. Default: none. */
  cert: pem({ group, prose: 'Client certificate chain, in PEM.' }),
  /** Private key of the client certificate, in PEM. Default: none. */
  key: pem({ group, prose: 'Private key of the client certificate, in PEM.' }),
  /** File to read pool.tls.ca from. Default: none. */
  caFile: credentialFile({ group, prose: 'File to read pool.tls.ca from.' }),
  /** File to read pool.tls.cert from. Default: none. */
  certFile: credentialFile({ group, prose: 'File to read pool.tls.cert from.' }),
  /** File to read pool.tls.key from. Default: none. */
  keyFile: credentialFile({ group, prose: 'File to read pool.tls.key from.' }),
  /** Name to ask for and to verify instead of the host of the backend. Default: none. */
  servername: string({
    group,
    prose: 'Name to ask for and to verify instead of the host of the backend.',
    default: null,
    accepts: 'a host name in ASCII',
    placeholder: 'NAME',
    check: (name) => /^[A-Za-z\d](?:[A-Za-z\d.-]{0,251}[A-Za-z\d])?$/.test(name),
  }),
});

/** Trust and credentials for `https:` and `wss:` backends, as `node:tls` takes them. */
export interface PoolTlsOptions extends OptionInput<typeof tlsOptions> {}

/** The same, checked and complete. */
export interface PoolTlsValues extends OptionValues<typeof tlsOptions> {}

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
  /** Longest time to connect to a backend, TLS included. Default: 5000 ms. If exceeded: 504. */
  connectTimeout: milliseconds({
    group,
    prose: 'Longest time to connect to a backend, TLS included.',
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
  /** TLS to the backend. */
  tls: optionalGroup<typeof tlsOptions, PoolTlsOptions, PoolTlsValues>({
    group,
    prose: 'TLS to the backend.',
    flagPrefix: 'backend-tls',
    check: ({ ca, cert, key }, at, faults) => {
      if ((key === null) !== (cert === null)) faults.add(at, 'key and cert are needed together');
      else checkCredentials({ ca, cert, key }, at, faults);
    },
    rows: tlsOptions,
  }),
});

/** Options of a pool, as a user writes them. */
export interface PoolOptions extends OptionInput<typeof poolOptions> {}

/** Options of a pool, checked and complete. In a timeout 0 means none. */
export interface PoolValues extends OptionValues<typeof poolOptions> {}

/** Options of a request on its way to the backend: connections and header rules. */
import { fieldsWhere, isToken } from '@reverseit/core/http';
import { booleanOrText } from '@reverseit/core/internal';
import {
  boolean,
  choice,
  custom,
  defineOptions,
  fieldNames,
  fields,
  group as nested,
  type OptionInput,
  string,
} from '@reverseit/core/options';
import {
  dispatchLimits,
  type PoolOptions,
  type PoolValues,
  poolOptions,
} from '@reverseit/upstream';
import { connectionFields } from './connection-fields.ts';

const group = 'Backend request';

export const backendRequestOptions = defineOptions({
  /**
   * Unix socket to connect to, pooled as usual; the host of the backend URL is still sent as Host.
   * Default: none.
   */
  unixSocket: string({
    group,
    prose:
      'Unix socket to connect to, pooled as usual; the host of the backend URL is still sent as Host.',
    default: null,
    accepts: 'a path of at most 107 bytes',
    placeholder: 'PATH',
    check: (path) => path !== '' && !path.includes('\0') && Buffer.byteLength(path) <= 107,
  }),
  /**
   * "pooled" reuses backend connections, "one-shot" opens a new one for each request.
   * Default: "pooled".
   */
  upstreamConnection: choice({
    group,
    prose: '"pooled" reuses backend connections, "one-shot" opens a new one for each request.',
    values: ['pooled', 'one-shot'],
    default: 'pooled',
  }),
  /** Connection pool. Routes that inherit it, or are given the same object, share it. */
  pool: nested<typeof poolOptions, PoolOptions, PoolValues>({
    group,
    prose: 'Connection pool. Routes that inherit it, or are given the same object, share it.',
    rows: poolOptions,
    flagPrefix: '',
    elsewhere: (key) => (Object.hasOwn(dispatchLimits, key) ? 'set it beside pool' : undefined),
  }),
  /**
   * X-Forwarded-For, -Proto, -Host: "append" adds to -For, "replace" drops what the client sent first, false leaves all unchanged.
   * Default: "append".
   */
  forwardedHeaders: choice({
    group,
    prose:
      'X-Forwarded-For, -Proto, -Host: "append" adds to -For, "replace" drops what the client sent first, false leaves all unchanged.',
    values: ['append', 'replace', false],
    default: 'append',
  }),
  /**
   * Also writes Forwarded (RFC 7239), with for, by, host and proto; forwardedHeaders says what is kept before it.
   * Default: false.
   */
  forwarded: boolean({
    group,
    prose:
      'Also writes Forwarded (RFC 7239), with for, by, host and proto; forwardedHeaders says what is kept before it.',
    default: false,
  }),
  /**
   * Sends verified client certificates as Client-Cert (RFC 9440), "chain" also Client-Cert-Chain; those of clients are dropped.
   * Default: false.
   */
  clientCertificate: custom<boolean | 'chain', boolean | 'chain'>({
    group,
    kind: 'client-certificate',
    prose:
      'Sends verified client certificates as Client-Cert (RFC 9440), "chain" also Client-Cert-Chain; those of clients are dropped.',
    default: false,
    accepts: 'true, "chain" or false',
    text: {
      placeholder: 'true|chain|false',
      parse: booleanOrText,
    },
    json: { enum: [true, 'chain', false] },
    check: (value) => (typeof value === 'boolean' || value === 'chain' ? value : undefined),
  }),
  /**
   * Name to add to Via in both directions; a request that already carries it is a loop (RFC 9110 §7.6.3).
   * Default: false. Error: 508.
   */
  via: custom<string | false, string | false>({
    group,
    kind: 'pseudonym',
    prose:
      'Name to add to Via in both directions; a request that already carries it is a loop (RFC 9110 §7.6.3).',
    default: false,
    accepts: 'a pseudonym (a token) or false',
    answers: '508',
    text: {
      placeholder: 'NAME',
      negatable: true,
      parse: (text) => (text === 'false' ? false : text),
    },
    json: { anyOf: [{ type: 'string' }, { const: false }] },
    check: (value) =>
      value === false || (typeof value === 'string' && isToken(value)) ? value : undefined,
  }),
  /**
   * Headers to set on the request, replacing those of the same name; applied last.
   * Default: none.
   */
  addHeaders: fields({
    group,
    prose: 'Headers to set on the request, replacing those of the same name; applied last.',
    never: connectionFields,
    // RFC 9112 §3.2.
    once: ['host'],
  }),
  /** Headers to remove from the request; "_" in a name counts as "-". Default: none. */
  removeHeaders: fieldNames({
    group,
    prose: 'Headers to remove from the request; "_" in a name counts as "-".',
    never: fieldsWhere(({ removableByUser }) => !removableByUser),
  }),
  /**
   * Forwards the Host header of the client instead of sending the host of the backend.
   * Default: false.
   */
  preserveHostHeader: boolean({
    group,
    prose: 'Forwards the Host header of the client instead of sending the host of the backend.',
    default: false,
  }),
});

/** As a user writes them. */
export type BackendRequestInput = OptionInput<typeof backendRequestOptions>;

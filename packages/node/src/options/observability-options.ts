/** Options that say how requests are followed: their ids, logs and traces. */
import { isToken, toLowerAscii } from '@reverseit/core/http';
import { boolean, custom, defineOptions, switchGroup } from '@reverseit/core/options';

const group = 'Logs and tracing';

/** Fields that another rule sets, or that belong to a connection: none of them can carry an id. */
const taken = new Set([
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'authorization',
  'date',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy-authorization',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);

const requestIdOptions = defineOptions({
  /** Header that carries the id, to the backend and to the client. Default: "x-request-id". */
  header: custom<string, string>({
    group,
    kind: 'string',
    prose: 'Header that carries the id, to the backend and to the client.',
    default: 'x-request-id',
    accepts: 'a header name such as "x-request-id" that HTTP does not use itself',
    text: { placeholder: 'NAME' },
    json: { type: 'string' },
    check: (value) => {
      if (typeof value !== 'string' || !isToken(value)) return undefined;
      const name = toLowerAscii(value);
      return taken.has(name) ? undefined : name;
    },
  }),
  /**
   * Keeps an id that the client sends, if it has 1 to 128 characters of A-Z, a-z, 0-9 and ._~+/=:@-; otherwise a new one is made.
   * Default: false.
   */
  trust: boolean({
    group,
    prose:
      'Keeps an id that the client sends, if it has 1 to 128 characters of A-Z, a-z, 0-9 and ._~+/=:@-; otherwise a new one is made.',
    default: false,
  }),
});

export const observabilityOptions = defineOptions({
  /**
   * Gives each request an id: a header to the backend and to the client, in the record, the context and the logs.
   */
  requestId: switchGroup({
    group,
    prose:
      'Gives each request an id: a header to the backend and to the client, in the record, the context and the logs.',
    flagPrefix: 'request-id',
    rows: requestIdOptions,
  }),
});

/** The options of a backend group: who is chosen, who is well, and what is tried again. */
import { isToken } from '@reverseit/core/http';
import {
  choice,
  count,
  custom,
  defineOptions,
  fields,
  keyPath,
  milliseconds,
  type Option,
  type OptionInput,
  type OptionValues,
  optionalGroup,
  group as optionGroup,
  string,
} from '@reverseit/core/options';
import { policyNames } from './balance/policies.ts';
import { StatusSet } from './health/status-set.ts';

const group = 'Backends';

const acceptsStatuses = 'statuses and ranges such as "200-399" or "429,500-599"';

function statuses(text: { prose: string; default: string }): Option<string, StatusSet> {
  const initial = StatusSet.parse(text.default);
  if (initial === null) throw new Error('a default that is no set of statuses');
  return custom<string, StatusSet>({
    group,
    kind: 'statuses',
    prose: text.prose,
    default: initial,
    defaultText: JSON.stringify(text.default),
    accepts: acceptsStatuses,
    text: { placeholder: 'STATUS,…' },
    json: { type: 'string' },
    check: (value) =>
      typeof value === 'string' ? (StatusSet.parse(value) ?? undefined) : undefined,
  });
}

/** A row of milliseconds that cannot be none. */
function span(text: { prose: string; default: number }): Option<number, number> {
  const max = 2 ** 31 - 1;
  return custom<number, number>({
    group,
    kind: 'milliseconds',
    ...text,
    accepts: `a whole number of milliseconds from 1 to ${max}`,
    text: { placeholder: 'MS', parse: digits },
    json: { type: 'integer', minimum: 1, maximum: max },
    check: (value) => (isWhole(value, 1, max) ? value : undefined),
  });
}

const digits = (text: string): unknown => (/^\d{1,16}$/.test(text) ? Number(text) : text);

const isWhole = (value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

export const healthCheckOptions = defineOptions({
  /** "http" sends a request, "tcp" only connects, over TLS if the backend has it. Default: "http". */
  type: choice({
    group,
    prose: '"http" sends a request, "tcp" only connects, over TLS if the backend has it.',
    values: ['http', 'tcp'],
    default: 'http',
  }),
  /** Target of the request; the path prefix of the backend is not put before it. Default: "/". */
  path: string({
    group,
    prose: 'Target of the request; the path prefix of the backend is not put before it.',
    default: '/',
    accepts: 'a path that begins with a slash, in printable ASCII',
    placeholder: 'PATH',
    check: (path) => /^\/[!-~]*$/.test(path) && !path.includes('#'),
  }),
  /** Time from one check to the next, give or take a twentieth. Default: 10000 ms. */
  interval: span({
    prose: 'Time from one check to the next, give or take a twentieth.',
    default: 10_000,
  }),
  /** Longest time that a check takes, connecting included. Default: 2000 ms. */
  timeout: span({ prose: 'Longest time that a check takes, connecting included.', default: 2000 }),
  /** Good checks in a row that bring a backend back. Default: 2. */
  healthyThreshold: count({
    group,
    prose: 'Good checks in a row that bring a backend back.',
    default: 2,
    max: 100,
  }),
  /** Failed checks in a row after which a backend gets no requests. Default: 3. */
  unhealthyThreshold: count({
    group,
    prose: 'Failed checks in a row after which a backend gets no requests.',
    default: 3,
    max: 100,
  }),
  /** Statuses of a good check. Default: "200-399". */
  status: statuses({ prose: 'Statuses of a good check.', default: '200-399' }),
  /** Method of the request. Default: "GET". */
  method: choice({
    group,
    prose: 'Method of the request.',
    values: ['GET', 'HEAD', 'OPTIONS'],
    default: 'GET',
  }),
  /** Fields of the request, in place of our own Host and User-Agent. Default: none. */
  headers: fields({
    group,
    prose: 'Fields of the request, in place of our own Host and User-Agent.',
    never: [
      'connection',
      'content-length',
      'expect',
      'keep-alive',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade',
    ],
    once: ['host', 'user-agent'],
  }),
  /** Port to check instead of the backend's own. Default: that of the backend. */
  port: custom<number | null, number | null>({
    group,
    kind: 'count',
    prose: 'Port to check instead of the backend’s own.',
    default: null,
    defaultText: 'that of the backend',
    accepts: 'a port from 1 to 65535',
    text: { placeholder: 'PORT', parse: digits },
    json: { type: 'integer', minimum: 1, maximum: 65_535 },
    check: (value) => (isWhole(value, 1, 65_535) ? value : undefined),
  }),
  /** Text that the first 64 KiB of the response have to contain. Default: none. */
  body: string({
    group,
    prose: 'Text that the first 64 KiB of the response have to contain.',
    default: null,
    accepts: 'a text that is not empty',
    check: (text) => text !== '',
  }),
});

export const outlierOptions = defineOptions({
  /** Failed requests in a row after which a backend is ejected; 0: never. Default: 5. */
  consecutiveFailures: count({
    group,
    prose: 'Failed requests in a row after which a backend is ejected; 0: never.',
    default: 5,
    min: 0,
  }),
  /** Statuses that count as failures. Default: "502-504". */
  failureStatus: statuses({ prose: 'Statuses that count as failures.', default: '502-504' }),
  /** First ejection; each further one is longer by as much. Default: 30000 ms. */
  ejectionTime: span({
    prose: 'First ejection; each further one is longer by as much.',
    default: 30_000,
  }),
  /** Longest ejection. Default: 300000 ms. */
  maxEjectionTime: span({ prose: 'Longest ejection.', default: 300_000 }),
  /** Share of the backends, in percent, that may be ejected at the same time; never the last one. Default: 50. */
  maxEjectedPercent: count({
    group,
    prose:
      'Share of the backends, in percent, that may be ejected at the same time; never the last one.',
    default: 50,
    min: 0,
    max: 100,
  }),
});

/** What a retry follows. */
export interface RetryTriggers {
  readonly onConnect: boolean;
  readonly onReset: boolean;
  readonly onTimeout: boolean;
  readonly onStatus: StatusSet | null;
}

const idempotent = Object.freeze(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

const acceptsTriggers = 'an array of "connect", "reset", "timeout", statuses and ranges of them';

export const retryOptions = defineOptions({
  /** Attempts beside the first, each at another backend where there is one. Default: 1. */
  attempts: count({
    group,
    prose: 'Attempts beside the first, each at another backend where there is one.',
    default: 1,
    min: 0,
    max: 10,
  }),
  /**
   * What is tried again: "connect" (nothing was sent: any method), "reset", "timeout" and statuses (only `methods`).
   * Default: ["connect"].
   */
  on: custom<readonly (string | number)[], RetryTriggers>({
    group,
    kind: 'triggers',
    prose:
      'What is tried again: "connect" (nothing was sent: any method), "reset", "timeout" and statuses (only methods).',
    default: Object.freeze({ onConnect: true, onReset: false, onTimeout: false, onStatus: null }),
    defaultText: '["connect"]',
    accepts: acceptsTriggers,
    text: {
      placeholder: 'WHAT,…',
      repeats: true,
      accepts: '"connect", "reset", "timeout", statuses and ranges, with commas between them',
      parse: (text) => text.split(','),
    },
    json: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } },
    check: readTriggers,
  }),
  /** Methods that may be sent again although the backend may have processed them. Default: the idempotent ones. */
  methods: custom<readonly string[], readonly string[]>({
    group,
    kind: 'methods',
    prose: 'Methods that may be sent again although the backend may have processed them.',
    default: idempotent,
    defaultText: JSON.stringify(idempotent),
    accepts: 'an array of methods',
    text: { placeholder: 'METHOD,…', repeats: true, parse: (text) => text.split(',') },
    json: { type: 'array', items: { type: 'string' } },
    check: (value) =>
      Array.isArray(value) && value.every((one) => typeof one === 'string' && isToken(one))
        ? Object.freeze([...(value as string[])])
        : undefined,
  }),
  /** Bounds retries of all requests together. */
  budget: optionGroup({
    group,
    prose: 'Bounds retries of all requests together.',
    flagPrefix: 'retry-budget',
    rows: defineOptions({
      /** Retries under way at most, in percent of the requests under way. Default: 20. */
      percent: count({
        group,
        prose: 'Retries under way at most, in percent of the requests under way.',
        default: 20,
        min: 0,
        max: 100,
      }),
      /** Retries that are allowed however few requests are under way. Default: 3. */
      minimum: count({
        group,
        prose: 'Retries that are allowed however few requests are under way.',
        default: 3,
        min: 0,
      }),
    }),
  }),
  /** Longest wait for the response head of one attempt, waiting and connecting included. Default: 0. */
  perTryTimeout: milliseconds({
    group,
    prose: 'Longest wait for the response head of one attempt, waiting and connecting included.',
    default: 0,
    answers: '504',
  }),
  /** Pause before a retry, by chance up to this and doubled each time; none where nothing was sent and another backend is there. Default: 25 ms. */
  backOff: milliseconds({
    group,
    prose:
      'Pause before a retry, by chance up to this and doubled each time; none where nothing was sent and another backend is there.',
    default: 25,
  }),
});

export const affinityOptions = defineOptions({
  /** Name of the cookie. Required. */
  cookie: string({
    group,
    prose: 'Name of the cookie.',
    default: null,
    accepts: 'the name of a cookie (a token)',
    placeholder: 'NAME',
    check: isToken,
  }),
  /** Seconds that browsers keep it. Default: until they close. */
  maxAge: custom<number | null, number | null>({
    group,
    kind: 'count',
    prose: 'Seconds that browsers keep it.',
    default: null,
    defaultText: 'until they close',
    accepts: 'a whole number of seconds from 1',
    text: { placeholder: 'SECONDS', parse: digits },
    json: { type: 'integer', minimum: 1 },
    check: (value) => (isWhole(value, 1) ? value : undefined),
  }),
  /** Path of the cookie. Default: "/". */
  path: string({
    group,
    prose: 'Path of the cookie.',
    default: '/',
    accepts: 'a path that begins with a slash, without semicolons',
    placeholder: 'PATH',
    check: (path) => /^\/[!-:<-~]*$/.test(path),
  }),
  /** SameSite of the cookie. Default: "lax". */
  sameSite: choice({
    group,
    prose: 'SameSite of the cookie.',
    values: ['lax', 'strict', 'none'],
    default: 'lax',
  }),
  /** Secure of the cookie. Default: where the client came by TLS. */
  secure: custom<boolean | null, boolean | null>({
    group,
    kind: 'boolean',
    prose: 'Secure of the cookie.',
    default: null,
    defaultText: 'where the client came by TLS',
    accepts: 'true or false',
    text: {
      placeholder: 'true|false',
      parse: (text) => (text === 'true' ? true : text === 'false' ? false : text),
    },
    json: { type: 'boolean' },
    check: (value) => (typeof value === 'boolean' ? value : undefined),
  }),
  /** Key of the cookie’s value: without it a backend that is known by name can be found out and chosen. Default: none. */
  secret: custom<string | null, string | null>({
    group,
    kind: 'string',
    prose:
      'Key of the cookie’s value: without it a backend that is known by name can be found out and chosen.',
    default: null,
    accepts: 'a text of at least 16 characters',
    secret: true,
    text: { placeholder: 'TEXT' },
    json: { type: 'string', minLength: 16 },
    check: (value) => (typeof value === 'string' && value.length >= 16 ? value : undefined),
  }),
});

export const subsetOptions = defineOptions({
  /** Backends that this replica uses. Required. */
  size: custom<number | null, number | null>({
    group,
    kind: 'count',
    prose: 'Backends that this replica uses.',
    default: null,
    defaultText: 'required',
    accepts: 'a whole number from 1',
    text: { placeholder: 'N', parse: digits },
    json: { type: 'integer', minimum: 1 },
    check: (value) => (isWhole(value, 1) ? value : undefined),
  }),
  /** This replica: its number from 0, or any text that only it has. Required. */
  id: custom<number | string | null, number | string | null>({
    group,
    kind: 'string',
    prose: 'This replica: its number from 0, or any text that only it has.',
    default: null,
    defaultText: 'required',
    accepts: 'a whole number from 0, or a text that is not empty',
    text: { placeholder: 'N|TEXT', parse: digits },
    json: {
      anyOf: [
        { type: 'integer', minimum: 0 },
        { type: 'string', minLength: 1 },
      ],
    },
    check: (value) =>
      (typeof value === 'string' && value !== '') || isWhole(value, 0) ? value : undefined,
  }),
});

/** Every option of a group but its backends. */
export const groupOptions = defineOptions({
  /** How one of several backends is chosen. Default: "least-requests". */
  loadBalancing: choice({
    group,
    prose: 'How one of several backends is chosen.',
    values: policyNames,
    default: 'least-requests',
  }),
  /** Sticky sessions by a cookie that names no address. Default: none. */
  affinity: optionalGroup({
    group,
    prose: 'Sticky sessions by a cookie that names no address.',
    flagPrefix: 'affinity',
    rows: affinityOptions,
    check({ cookie, sameSite, secure }, key, faults) {
      if (cookie === null)
        faults.add(keyPath(key, 'cookie'), 'required; expected the name of a cookie');
      if (sameSite === 'none' && secure === false) {
        faults.add(
          keyPath(key, 'secure'),
          'false is not accepted; browsers take SameSite=None only with Secure',
        );
      }
    },
  }),
  /** Checks that find out which backends are well. Default: none. */
  healthCheck: optionalGroup({
    group,
    prose: 'Checks that find out which backends are well.',
    flagPrefix: 'health-check',
    rows: healthCheckOptions,
  }),
  /** Ejects backends whose requests fail. */
  outlierDetection: optionGroup({
    group,
    prose: 'Ejects backends whose requests fail.',
    flagPrefix: 'outlier',
    rows: outlierOptions,
  }),
  /** Time over which a backend that came or came back gets its full share. Default: 0. */
  slowStart: milliseconds({
    group,
    prose: 'Time over which a backend that came or came back gets its full share.',
    default: 0,
  }),
  /** Further attempts of requests that failed. */
  retry: optionGroup({
    group,
    prose: 'Further attempts of requests that failed.',
    flagPrefix: 'retry',
    rows: retryOptions,
  }),
  /** The part of a long list that this replica uses. Default: none. */
  subset: optionalGroup({
    group,
    prose: 'The part of a long list that this replica uses.',
    flagPrefix: 'subset',
    rows: subsetOptions,
    check({ size, id }, key, faults) {
      if (size === null)
        faults.add(keyPath(key, 'size'), 'required; expected a whole number from 1');
      if (id === null)
        faults.add(keyPath(key, 'id'), 'required; expected the number or name of this replica');
    },
  }),
});

/** Options of a group, as a user writes them. */
export interface GroupOptions extends OptionInput<typeof groupOptions> {}

/** Options of a group, checked and complete. */
export interface GroupValues extends OptionValues<typeof groupOptions> {}

function readTriggers(value: unknown): RetryTriggers | undefined {
  if (!Array.isArray(value)) return undefined;
  const words = new Set<unknown>(value);
  const codes = [...words].filter(
    (one) => one !== 'connect' && one !== 'reset' && one !== 'timeout',
  );
  if (!codes.every((one) => typeof one === 'string' || typeof one === 'number')) return undefined;
  const onStatus = codes.length === 0 ? null : StatusSet.parse(codes.join(','));
  if (codes.length > 0 && onStatus === null) return undefined;
  return Object.freeze({
    onConnect: words.has('connect'),
    onReset: words.has('reset'),
    onTimeout: words.has('timeout'),
    onStatus,
  });
}

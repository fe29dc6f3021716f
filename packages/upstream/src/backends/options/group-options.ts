/** The options of a backend group: who is chosen, who is well, and what is tried again. */

import { isToken } from '@reverseit/core/http';
import { listText } from '@reverseit/core/internal';
import {
  choice,
  count,
  custom,
  defineOptions,
  delay,
  fields,
  keyPath,
  milliseconds,
  type Option,
  type OptionInput,
  type OptionValues,
  optionalCount,
  optionalGroup,
  group as optionGroup,
  string,
} from '@reverseit/core/options';
import { policyNames } from '../balance/policies.ts';
import { StatusSet } from '../health/status-set.ts';
import type { RetryRules } from '../retry/group-retry-policy.ts';
import { affinityOptions } from './affinity-options.ts';
import { discoveryOption } from './discovery-options.ts';

const group = 'Backends';

const acceptsStatuses = 'statuses and ranges such as "200-399" or "429,500-599"';

function statuses(text: { prose: string; default: string }): Option<string, string> {
  return custom<string, string>({
    group,
    kind: 'statuses',
    ...text,
    accepts: acceptsStatuses,
    text: { placeholder: 'STATUS,…' },
    json: { type: 'string' },
    check: (value) =>
      typeof value === 'string' && StatusSet.parse(value) !== null ? value : undefined,
  });
}

export const healthCheckOptions = defineOptions({
  /**
   * "http" sends a request, "tcp" only connects, over TLS if the backend has it.
   * Default: "http".
   */
  type: choice({
    group,
    prose: '"http" sends a request, "tcp" only connects, over TLS if the backend has it.',
    values: ['http', 'tcp'],
    default: 'http',
  }),
  /** Target of the health check; the path prefix of the backend is not prepended. Default: "/". */
  path: string({
    group,
    prose: 'Target of the health check; the path prefix of the backend is not prepended.',
    default: '/',
    accepts: 'a path that starts with a slash, in printable ASCII',
    placeholder: 'PATH',
    check: (path) => /^\/[!-~]*$/.test(path) && !path.includes('#'),
  }),
  /** Time between two checks, plus or minus 5 percent. Default: 10000 ms. */
  interval: delay({
    group,
    min: 1,
    prose: 'Time between two checks, plus or minus 5 percent.',
    default: 10_000,
  }),
  /** Maximum time for a check, connecting included. Default: 2000 ms. */
  timeout: delay({
    group,
    min: 1,
    prose: 'Maximum time for a check, connecting included.',
    default: 2000,
  }),
  /** Successful checks in a row after which a backend gets requests again. Default: 2. */
  healthyThreshold: count({
    group,
    prose: 'Successful checks in a row after which a backend gets requests again.',
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
  /** Statuses of a successful check. Default: "200-399". */
  status: statuses({ prose: 'Statuses of a successful check.', default: '200-399' }),
  /** Method of the request. Default: "GET". */
  method: choice({
    group,
    prose: 'Method of the request.',
    values: ['GET', 'HEAD', 'OPTIONS'],
    default: 'GET',
  }),
  /** Headers of the check, replacing the default Host and User-Agent. Default: none. */
  headers: fields({
    group,
    prose: 'Headers of the check, replacing the default Host and User-Agent.',
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
  /**
   * Port to check instead of the backend’s own; never with a PROXY header.
   * Default: that of the backend.
   */
  port: optionalCount({
    group,
    prose: 'Port to check instead of the backend’s own; never with a PROXY header.',
    defaultText: 'that of the backend',
    noun: 'a port',
    max: 65_535,
    placeholder: 'PORT',
  }),
  /** Text that the first 64 KiB of the response must contain. Default: none. */
  body: string({
    group,
    prose: 'Text that the first 64 KiB of the response must contain.',
    default: null,
    accepts: 'a non-empty string',
    check: (text) => text !== '',
  }),
});

const outlierOptions = defineOptions({
  /** Failed requests in a row after which a backend is ejected; 0 never ejects. Default: 5. */
  consecutiveFailures: count({
    group,
    prose: 'Failed requests in a row after which a backend is ejected; 0 never ejects.',
    default: 5,
    min: 0,
  }),
  /** Statuses that count as failures. Default: "502-504". */
  failureStatus: statuses({ prose: 'Statuses that count as failures.', default: '502-504' }),
  /** Length of the first ejection; each further one is longer by this much. Default: 30000 ms. */
  ejectionTime: delay({
    group,
    min: 1,
    prose: 'Length of the first ejection; each further one is longer by this much.',
    default: 30_000,
  }),
  /** Maximum length of an ejection. Default: 300000 ms. */
  maxEjectionTime: delay({
    group,
    min: 1,
    prose: 'Maximum length of an ejection.',
    default: 300_000,
  }),
  /**
   * Share of the backends, in percent, that may be ejected at the same time; never the last one.
   * Default: 50.
   */
  maxEjectedPercent: count({
    group,
    prose:
      'Share of the backends, in percent, that may be ejected at the same time; never the last one.',
    default: 50,
    min: 0,
    max: 100,
  }),
});

const idempotent = Object.freeze(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

const triggers = Object.freeze(['connect', 'reset', 'timeout']);

const acceptsTriggers = 'an array of "connect", "reset", "timeout", statuses and ranges of them';

const retryOptions = defineOptions({
  /** Maximum retries, each at another backend if there is one. Default: 2. */
  attempts: count({
    group,
    prose: 'Maximum retries, each at another backend if there is one.',
    default: 2,
    min: 0,
    max: 10,
  }),
  /**
   * What is retried: "connect" (nothing was sent: any method); "reset", "timeout" and statuses (only for methods).
   * Default: ["connect","reset","timeout"].
   */
  on: custom<readonly (string | number)[], readonly (string | number)[]>({
    group,
    kind: 'triggers',
    prose:
      'What is retried: "connect" (nothing was sent: any method); "reset", "timeout" and statuses (only for methods).',
    default: triggers,
    defaultText: JSON.stringify(triggers),
    accepts: acceptsTriggers,
    text: listText(
      'WHAT,…',
      '"connect", "reset", "timeout", statuses and ranges, separated by commas',
    ),
    json: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } },
    check: (value) =>
      retryTriggers(value) === null
        ? undefined
        : Object.freeze([...(value as (string | number)[])]),
  }),
  /**
   * Methods that may be retried although the backend may have processed them.
   * Default: ["GET","HEAD","OPTIONS","PUT","DELETE","TRACE"].
   */
  methods: custom<readonly string[], readonly string[]>({
    group,
    kind: 'methods',
    prose: 'Methods that may be retried although the backend may have processed them.',
    default: idempotent,
    defaultText: JSON.stringify(idempotent),
    accepts: 'an array of methods',
    text: listText('METHOD,…', ''),
    json: { type: 'array', items: { type: 'string' } },
    check: (value) =>
      Array.isArray(value) && value.every((one) => typeof one === 'string' && isToken(one))
        ? Object.freeze([...(value as string[])])
        : undefined,
  }),
  /** Limits the retries of all requests together, except those after a refused connection. */
  budget: optionGroup({
    group,
    prose: 'Limits the retries of all requests together, except those after a refused connection.',
    flagPrefix: 'retry-budget',
    rows: defineOptions({
      /**
       * Maximum retries, in percent of the requests; unused ones are kept, up to 100 or as many as requests are in progress.
       * Default: 20.
       */
      percent: count({
        group,
        prose:
          'Maximum retries, in percent of the requests; unused ones are kept, up to 100 or as many as requests are in progress.',
        default: 20,
        min: 0,
        max: 100,
      }),
      /** Retries in progress that are always allowed, beyond `percent`. Default: 3. */
      minimum: count({
        group,
        prose: 'Retries in progress that are always allowed, beyond `percent`.',
        default: 3,
        min: 0,
      }),
    }),
  }),
  /**
   * Maximum time to the response headers of one attempt, queueing and connecting included.
   * Default: 0. If exceeded: 504.
   */
  perTryTimeout: milliseconds({
    group,
    prose: 'Maximum time to the response headers of one attempt, queueing and connecting included.',
    default: 0,
    answers: '504',
  }),
  /**
   * Pause before a retry: random up to this, doubled each time; none if nothing was sent and another backend is available.
   * Default: 25 ms.
   */
  backOff: delay({
    group,
    prose:
      'Pause before a retry: random up to this, doubled each time; none if nothing was sent and another backend is available.',
    default: 25,
  }),
});

const isReplicaNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const subsetOptions = defineOptions({
  /** Number of backends that this replica uses. Required. */
  size: optionalCount({
    group,
    prose: 'Number of backends that this replica uses.',
    defaultText: 'required',
  }),
  /** Identity of this replica: its number from 0, or any unique text. Required. */
  id: custom<number | string | null, number | string | null>({
    group,
    kind: 'string',
    prose: 'Identity of this replica: its number from 0, or any unique text.',
    default: null,
    defaultText: 'required',
    accepts: 'a whole number from 0, or a non-empty string',
    text: {
      placeholder: 'N|TEXT',
      parse: (text) => (/^\d{1,16}$/.test(text) ? Number(text) : text),
    },
    json: {
      anyOf: [
        { type: 'integer', minimum: 0 },
        { type: 'string', minLength: 1 },
      ],
    },
    check: (value) =>
      (typeof value === 'string' && value !== '') || isReplicaNumber(value) ? value : undefined,
  }),
});

/** Every option of a group but its backends. */
export const groupOptions = defineOptions({
  /** How one of several backends is selected. Default: "least-requests". */
  loadBalancing: choice({
    group,
    prose: 'How one of several backends is selected.',
    values: policyNames,
    default: 'least-requests',
  }),
  /** Sticky sessions, by a cookie that reveals no address. */
  affinity: optionalGroup({
    group,
    prose: 'Sticky sessions, by a cookie that reveals no address.',
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
  /** Active health checks of the backends. */
  healthCheck: optionalGroup({
    group,
    prose: 'Active health checks of the backends.',
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
  /** Time over which a new or recovered backend is brought up to its full share. Default: 0. */
  slowStart: delay({
    group,
    prose: 'Time over which a new or recovered backend is brought up to its full share.',
    default: 0,
  }),
  /** Retries of failed requests. */
  retry: optionGroup({
    group,
    prose: 'Retries of failed requests.',
    flagPrefix: 'retry',
    rows: retryOptions,
  }),
  /** Finds the backends by DNS or by a function, and follows their changes. */
  discovery: discoveryOption,
  /** Lets each replica use only a part of a long list. */
  subset: optionalGroup({
    group,
    prose: 'Lets each replica use only a part of a long list.',
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

/** Reads `retry.on`; null where it is not what it has to be. */
export function retryTriggers(
  value: unknown,
): Pick<RetryRules, 'onConnect' | 'onReset' | 'onTimeout' | 'onStatus'> | null {
  if (!Array.isArray(value)) return null;
  const words = new Set<unknown>(value);
  const statusTexts: (string | number)[] = [];
  for (const word of words) {
    if (word === 'connect' || word === 'reset' || word === 'timeout') continue;
    if (typeof word !== 'string' && typeof word !== 'number') return null;
    statusTexts.push(word);
  }
  const onStatus = statusTexts.length === 0 ? null : StatusSet.parse(statusTexts.join(','));
  if (statusTexts.length > 0 && onStatus === null) return null;
  return {
    onConnect: words.has('connect'),
    onReset: words.has('reset'),
    onTimeout: words.has('timeout'),
    onStatus,
  };
}

/** Options whose values are code: hooks, direct answers, the logger. They have no flags. */
import { custom, defineOptions, type Faults } from '@reverseit/core/options';
import { responseFault } from '../hooks/direct-response.ts';
import type {
  DirectResponse,
  Logger,
  OnError,
  OnFinish,
  OnRequest,
  OnResponse,
  Respond,
} from '../hooks/hooks.ts';

const group = 'Hooks';

interface CallbackText {
  readonly prose: string;
  readonly accepts: string;
}

/** A row whose value is a function. */
function callback<F>({ prose, accepts }: CallbackText) {
  return custom<F | null, F | null>({
    group,
    kind: 'function',
    prose,
    default: null,
    accepts,
    text: null,
    json: null,
    check: (value) => (typeof value === 'function' ? (value as F) : undefined),
  });
}

const responseSchema = {
  type: 'object',
  properties: {
    status: { type: 'integer', minimum: 200, maximum: 599 },
    headers: {
      type: 'object',
      additionalProperties: {
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
      },
    },
    body: { type: 'string' },
  },
  additionalProperties: false,
};

const acceptsRespond = '{status, headers, body} or a function (request, context)';

/** Hooks of a route. */
export const routeHookOptions = defineOptions({
  /**
   * Name of the route in logs, records and for hooks that choose a route.
   * Default: host and path.
   */
  name: custom<string | null, string | null>({
    group,
    kind: 'string',
    prose: 'Name of the route in logs, records and for hooks that choose a route.',
    default: null,
    defaultText: 'host and path',
    accepts: 'a text that is not empty',
    text: null,
    json: { type: 'string', minLength: 1 },
    check: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  }),
  /**
   * Called with each request: may change it, answer it by returning a response, or throw.
   * Default: none.
   */
  onRequest: callback<OnRequest>({
    prose: 'Called with each request: may change it, answer it by returning a response, or throw.',
    accepts: 'a function (request, context)',
  }),
  /**
   * Called with each response of the backend: may change its status and fields, or throw.
   * Default: none.
   */
  onResponse: callback<OnResponse>({
    prose: 'Called with each response of the backend: may change its status and fields, or throw.',
    accepts: 'a function (response, context)',
  }),
  /** Answers instead of a backend: a response, or a function that makes one. Default: none. */
  respond: Object.freeze({
    ...custom<DirectResponse | Respond | null, Respond | null>({
      group,
      kind: 'response',
      prose: 'Answers instead of a backend: a response, or a function that makes one.',
      default: null,
      accepts: acceptsRespond,
      text: null,
      json: responseSchema,
      check: () => undefined,
    }),
    read: readRespond,
  }),
});

/** A fixed answer is checked at start, by the rules of one that a function makes. */
function readRespond(value: unknown, key: string, faults: Faults): Respond | null {
  if (value === null) return null;
  if (typeof value === 'function') return value as Respond;
  const fault = responseFault(value);
  if (fault?.key === '') {
    faults.refuse(key, value, acceptsRespond);
    return null;
  }
  if (fault !== null) {
    const at = fault.key.startsWith('[') ? `${key}${fault.key}` : `${key}.${fault.key}`;
    faults.refuse(at, fault.value, fault.accepts, fault.key.startsWith('headers'));
  }
  const response = Object.freeze({ ...(value as DirectResponse) });
  return () => response;
}

/** Hooks of a whole server. */
export const serverHookOptions = defineOptions({
  /** Called with the record of each request that is over, for an access log. Default: none. */
  onFinish: callback<OnFinish>({
    prose: 'Called with the record of each request that is over, for an access log.',
    accepts: 'a function (record)',
  }),
  /** Called with every error that ended or refused a request. Default: none. */
  onError: callback<OnError>({
    prose: 'Called with every error that ended or refused a request.',
    accepts: 'a function (error, record)',
  }),
  /** Where log lines go: any pino-compatible logger. Default: none. */
  logger: custom<Logger | null, Logger | null>({
    group,
    kind: 'logger',
    prose: 'Where log lines go: any pino-compatible logger.',
    default: null,
    accepts: 'an object with debug, info, warn and error',
    text: null,
    json: null,
    check: (value) => (isLogger(value) ? value : undefined),
  }),
});

function isLogger(value: unknown): value is Logger {
  if (typeof value !== 'object' || value === null) return false;
  const logger = value as Record<string, unknown>;
  return ['debug', 'info', 'warn', 'error'].every((level) => typeof logger[level] === 'function');
}

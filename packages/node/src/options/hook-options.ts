/** Options whose values are code: hooks, direct answers, the logger; and what bounds them. Code has no flags. */
import { reader } from '@reverseit/core/internal';
import {
  custom,
  defineOptions,
  type Faults,
  milliseconds,
  type Option,
} from '@reverseit/core/options';
import { responseFault } from '../hooks/direct-response.ts';
import type {
  ChooseBackend,
  DirectResponse,
  OnBackendState,
  OnError,
  OnErrorResponse,
  OnFinish,
  OnRequest,
  OnResponse,
  Respond,
} from '../hooks/hooks.ts';
import type { Logger } from '../logging/logger.ts';
import { standardErrorLogger } from '../logging/standard-error.ts';

const group = 'Hooks';

interface CallbackText {
  readonly prose: string;
  /** A function, and what it is called with. */
  readonly accepts: string;
}

/** A row whose value is a function, or several that are called one after another. */
function callbacks<F>({
  prose,
  accepts,
}: CallbackText): Option<F | readonly F[] | null, readonly F[]> {
  const none: readonly F[] = Object.freeze([]);
  return custom<F | readonly F[] | null, readonly F[]>({
    group,
    kind: 'function',
    prose,
    default: none,
    defaultText: 'none',
    accepts: `${accepts}, or an array of such functions`,
    text: null,
    json: null,
    check: (value) => {
      if (value === null) return none;
      const all: readonly unknown[] = Array.isArray(value) ? value : [value];
      return all.every((one) => typeof one === 'function')
        ? Object.freeze([...all] as F[])
        : undefined;
    },
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

/** Hooks that run around each other: those beside `routes`, and within them those of a route. */
export const ringHookOptions = defineOptions({
  /**
   * Called with each request; may change it, return a response, or throw. Hooks beside "routes" run before those of a route.
   * Default: none.
   */
  onRequest: callbacks<OnRequest>({
    prose:
      'Called with each request; may change it, return a response, or throw. Hooks beside "routes" run before those of a route.',
    accepts: 'a function (request, context)',
  }),
  /**
   * Called with each backend response; may change or replace it, or throw. Hooks beside "routes" run after those of a route.
   * Default: none.
   */
  onResponse: callbacks<OnResponse>({
    prose:
      'Called with each backend response; may change or replace it, or throw. Hooks beside "routes" run after those of a route.',
    accepts: 'a function (response, context)',
  }),
  /**
   * Called with each error that will be answered; may return the response to send. Hooks beside "routes" run after those of a route.
   * Default: none.
   */
  onErrorResponse: callbacks<OnErrorResponse>({
    prose:
      'Called with each error that will be answered; may return the response to send. Hooks beside "routes" run after those of a route.',
    accepts: 'a function (error, request, context)',
  }),
  /**
   * Called with the record of each finished request, for an access log. Hooks beside "routes" run after those of a route.
   * Default: none.
   */
  onFinish: callbacks<OnFinish>({
    prose:
      'Called with the record of each finished request, for an access log. Hooks beside "routes" run after those of a route.',
    accepts: 'a function (record, context)',
  }),
});

/** Hooks of a route. */
export const routeHookOptions = defineOptions({
  /**
   * Name of the route in logs and records, and for hooks that select a route.
   * Default: host and path.
   */
  name: custom<string | null, string | null>({
    group,
    kind: 'string',
    prose: 'Name of the route in logs and records, and for hooks that select a route.',
    default: null,
    defaultText: 'host and path',
    accepts: 'a non-empty string',
    text: null,
    json: { type: 'string', minLength: 1 },
    check: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  }),
  ...ringHookOptions,
  /** Responds without a backend: a response, or a function that returns one. Default: none. */
  respond: reader<DirectResponse | Respond | null, Respond | null>({
    group,
    kind: 'response',
    prose: 'Responds without a backend: a response, or a function that returns one.',
    default: null,
    accepts: acceptsRespond,
    text: null,
    json: responseSchema,
    read: readRespond,
  }),
  /**
   * Selects the backend of a request: returns a name, a URL that allowBackends allows, or nothing.
   * Default: none. Error: 500.
   */
  chooseBackend: custom<ChooseBackend | null, ChooseBackend | null>({
    group,
    kind: 'function',
    prose:
      'Selects the backend of a request: returns a name, a URL that allowBackends allows, or nothing.',
    default: null,
    accepts: 'a function (request, context)',
    answers: '500',
    text: null,
    json: null,
    check: (value) => (typeof value === 'function' ? (value as ChooseBackend) : undefined),
  }),
  /**
   * Maximum time for a hook that returns a promise; its signal is aborted afterwards.
   * Default: 30000 ms. If exceeded: 504.
   */
  hookTimeout: milliseconds({
    group,
    prose: 'Maximum time for a hook that returns a promise; its signal is aborted afterwards.',
    default: 30000,
    answers: '504',
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
  /** Called with every error that rejected or aborted a request. Default: none. */
  onError: callbacks<OnError>({
    prose: 'Called with every error that rejected or aborted a request.',
    accepts: 'a function (error, record, context)',
  }),
  /** Called with each change of the state of a backend. Default: none. */
  onBackendState: callbacks<OnBackendState>({
    prose: 'Called with each change of the state of a backend.',
    accepts: 'a function (change)',
  }),
  /**
   * Destination of log lines: any pino-compatible logger, or null to log nothing.
   * Default: lines on standard error.
   */
  logger: custom<Logger | null, Logger | null>({
    group,
    kind: 'logger',
    prose: 'Destination of log lines: any pino-compatible logger, or null to log nothing.',
    default: standardErrorLogger,
    defaultText: 'lines on standard error',
    accepts: 'an object with debug, info, warn and error, or null',
    text: null,
    json: null,
    check: (value) => (value === null || isLogger(value) ? value : undefined),
  }),
});

function isLogger(value: unknown): value is Logger {
  if (typeof value !== 'object' || value === null) return false;
  const logger = value as Record<string, unknown>;
  return ['debug', 'info', 'warn', 'error'].every((level) => typeof logger[level] === 'function');
}

/** Options that say how requests are followed: their ids, logs and traces. */
import { fieldEntry, isToken, toLowerAscii } from '@reverseit/core/http';
import { reader } from '@reverseit/core/internal';
import {
  boolean,
  bytes,
  choice,
  custom,
  defineOptions,
  type Option,
  switchGroup,
} from '@reverseit/core/options';
import { defaultMaxBuffered, logFormatOf } from '../logging/access/access-log.ts';
import type { LogFormat } from '../logging/access/log-format.ts';
import { logLevels } from '../logging/log-level.ts';

const group = 'Logs and tracing';

/** Beside those of the registry, fields that a rule of the proxy sets or that mean something else. */
const taken = new Set([
  'proxy-status',
  'traceparent',
  'tracestate',
  'accept',
  'etag',
  'user-agent',
]);

/** Whether a field can carry an id: neither HTTP nor the proxy has a use for it, with `_` for `-` neither. */
function isFree(name: string): boolean {
  return fieldEntry(name).name === '' && !taken.has(name);
}

const requestIdOptions = defineOptions({
  /** Header that carries the id, to the backend and to the client. Default: "x-request-id". */
  header: custom<string, string>({
    group,
    kind: 'string',
    prose: 'Header that carries the id, to the backend and to the client.',
    default: 'x-request-id',
    accepts: 'a header name such as "x-request-id" that neither HTTP nor the proxy uses itself',
    text: { placeholder: 'NAME' },
    json: { type: 'string' },
    check: (value) => {
      if (typeof value !== 'string' || !isToken(value)) return undefined;
      const name = toLowerAscii(value);
      return isFree(name) ? name : undefined;
    },
  }),
  /**
   * Keeps an id that the client sends, if it has 1 to 128 characters of A-Z, a-z, 0-9 and ._~+/=:@-; otherwise creates a new one.
   * Default: false.
   */
  trust: boolean({
    group,
    prose:
      'Keeps an id that the client sends, if it has 1 to 128 characters of A-Z, a-z, 0-9 and ._~+/=:@-; otherwise creates a new one.',
    default: false,
  }),
});

/** The template is compiled once; what is wrong with it is said by name. */
function accessLogFormat(): Option<string | LogFormat, LogFormat> {
  const accepts = '"combined", "json", a template or a function (record, context)';
  const initial = logFormatOf('combined') as LogFormat;
  return reader<string | LogFormat, LogFormat>({
    group,
    kind: 'log format',
    prose:
      'Format of access log lines: combined, json, a template with nginx variables such as $remote_addr and $status, or a function.',
    default: initial,
    defaultText: '"combined"',
    accepts,
    text: {
      placeholder: 'combined|json|TEMPLATE',
      accepts: '"combined", "json" or a template',
    },
    json: { type: 'string', minLength: 1, default: 'combined' },
    read(value, key, faults) {
      // A function that was accepted before is not wrapped once more.
      if (value === initial) return initial;
      const format = logFormatOf(value);
      if (typeof format === 'function') return format;
      if (typeof value === 'string' && value !== '') faults.add(key, format.fault);
      else faults.refuse(key, value, accepts);
      return initial;
    },
  });
}

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
  /**
   * Creates OpenTelemetry spans for each request and each attempt at a backend; needs @opentelemetry/api.
   * Default: false.
   */
  tracing: boolean({
    group,
    prose:
      'Creates OpenTelemetry spans for each request and each attempt at a backend; needs @opentelemetry/api.',
    default: false,
  }),
  /**
   * File to which a line is appended for each request; "-" is standard output. SIGUSR2 opens it again.
   * Default: none.
   */
  accessLog: custom<string | null, string | null>({
    group,
    kind: 'string',
    prose:
      'File to which a line is appended for each request; "-" is standard output. SIGUSR2 opens it again.',
    default: null,
    accepts: 'a file name or "-"',
    text: { placeholder: 'FILE' },
    json: { type: 'string', minLength: 1 },
    check: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  }),
  /**
   * Format of access log lines: combined, json, a template with nginx variables such as $remote_addr and $status, or a function.
   * Default: "combined".
   */
  accessLogFormat: accessLogFormat(),
  /**
   * Maximum size of the lines that wait for a slow disk. Further ones are dropped and counted.
   * Default: 4194304 bytes.
   */
  accessLogBuffer: bytes({
    group,
    prose:
      'Maximum size of the lines that wait for a slow disk. Further ones are dropped and counted.',
    default: defaultMaxBuffered,
    min: 1024,
  }),
  /** Format of log lines on standard error, unless "logger" is given. Default: "text". */
  logFormat: choice({
    group,
    prose: 'Format of log lines on standard error, unless "logger" is given.',
    default: 'text',
    values: ['text', 'json'],
  }),
  /** Minimum level of log lines on standard error. Default: "info". */
  logLevel: choice({
    group,
    prose: 'Minimum level of log lines on standard error.',
    default: 'info',
    values: logLevels,
  }),
});

/** From the option `accessLogFormat` to the function that writes a line. */
import { nearMiss } from '@reverseit/core/options';
import type { AccessRecord, RequestInfo } from '../../hooks/hooks.ts';
import { escapeText, jsonText } from '../escape.ts';
import { commonLogTime } from './log-time.ts';
import { headerVariable, type LogVariable, logVariables, requestLineOf } from './log-variables.ts';

/** Writes one line, without its end. */
export type LogFormat = (record: AccessRecord, context: RequestInfo) => string;

/** `combined`, `json` or a template. Answers what is wrong with a template. */
export function compileLogFormat(text: string): LogFormat | { readonly fault: string } {
  if (text === 'combined') return combined;
  if (text === 'json') return json;
  return compileTemplate(text);
}

/** The Combined Log Format of Apache and nginx. The user's name is never in it. */
const combined: LogFormat = (record) => {
  const { remoteAddress, status, requestHeaders } = record;
  const time = commonLogTime(record.startedAt + record.durations.total);
  const request = escapeText(requestLineOf(record) || '-');
  const sent = `${String(status).padStart(3, '0')} ${record.bytesSent}`;
  const referer = escapeText(requestHeaders.get('referer') ?? '-');
  const agent = escapeText(requestHeaders.get('user-agent') ?? '-');
  return `${escapeText(remoteAddress || 'unix:')} - - [${time}] "${request}" ${sent} "${referer}" "${agent}"`;
};

const json: LogFormat = (record, context) => {
  const { durations, requestHeaders } = record;
  const fields = [
    `"time":"${new Date(record.startedAt + durations.total).toISOString()}"`,
    `"requestId":${textOrNull(record.requestId)}`,
    `"traceId":${textOrNull(record.traceId)}`,
    `"remoteAddress":${jsonText(record.remoteAddress)}`,
    `"remotePort":${context.remotePort}`,
    `"scheme":"${record.scheme}"`,
    `"method":${textOrNull(record.method || null)}`,
    `"target":${textOrNull(record.target || null)}`,
    `"authority":${textOrNull(record.authority)}`,
    `"httpVersion":${textOrNull(record.httpVersion || null)}`,
    `"status":${record.status}`,
    `"bytesReceived":${record.bytesReceived}`,
    `"bytesSent":${record.bytesSent}`,
    `"durationMs":${rounded(durations.total)}`,
    `"backendMs":${durations.backend === null ? 'null' : rounded(durations.backend)}`,
    `"route":${textOrNull(record.route)}`,
    `"backend":${textOrNull(record.backend)}`,
    `"attempts":${record.attempts}`,
    `"referer":${textOrNull(requestHeaders.get('referer'))}`,
    `"userAgent":${textOrNull(requestHeaders.get('user-agent'))}`,
    `"errorCode":${textOrNull(record.errorCode)}`,
  ];
  const { requestLine } = record;
  if (requestLine !== undefined) fields.push(`"requestLine":${jsonText(requestLine)}`);
  return `{${fields.join(',')}}`;
};

const textOrNull = (text: string | null | undefined): string =>
  typeof text === 'string' ? jsonText(text) : 'null';
const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

/** A dollar sign, and what it may stand before. */
const variable = /\$(?:\$|\{(\w+)\}|(\w+))?/g;

/**
 * `$name` or `${name}` stands for a variable, `$$` for a dollar sign. A template that begins with `{` is JSON, and its
 * variables are escaped to stand within its strings.
 */
function compileTemplate(template: string): LogFormat | { readonly fault: string } {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would break the line
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(template)) return { fault: 'has a control character' };
  const texts: string[] = [];
  const values: LogVariable[] = [];
  let end = 0;
  let text = '';
  for (const match of template.matchAll(variable)) {
    text += template.slice(end, match.index);
    end = match.index + match[0].length;
    const name = match[1] ?? match[2];
    if (match[0] === '$') {
      const rest = template.slice(match.index, match.index + 20);
      return { fault: `has a $ that begins no variable: ${rest}; expected $name, \${name} or $$` };
    }
    if (name === undefined) {
      text += '$';
      continue;
    }
    const value = variableOf(name);
    if (value === null) return { fault: unknownText(name) };
    texts.push(text);
    values.push(value);
    text = '';
  }
  // A misspelled name of a format is a template as well.
  if (values.length === 0) {
    return { fault: 'has no variable; expected "combined", "json" or a template with $name' };
  }
  const last = text + template.slice(end);
  const escaped = template.startsWith('{') ? withinJson : escapeText;
  return (record, context) => {
    let line = '';
    for (let i = 0; i < values.length; i++) {
      const value = (values[i] as LogVariable)(record, context);
      line += texts[i];
      line += value === null || value === '' ? '-' : escaped(String(value));
    }
    return line + last;
  };
}

const withinJson = (text: string): string => jsonText(text).slice(1, -1);

const variableOf = (name: string): LogVariable | null =>
  Object.hasOwn(logVariables, name) ? (logVariables[name] as LogVariable) : headerVariable(name);

function unknownText(name: string): string {
  const near = nearMiss(name, Object.keys(logVariables));
  const known = Object.keys(logVariables).map((one) => `$${one}`);
  return near === null
    ? `has an unknown variable $${name}; expected ${known.join(', ')}, $http_NAME or $sent_http_NAME`
    : `has an unknown variable $${name}; did you mean $${near}?`;
}

/** The only place that turns an error into a response: a small text that never echoes the input. */
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import {
  type FieldSection,
  fieldLines,
  type ReadonlyFieldSection,
} from '../../http/field-section.ts';
import type { HeaderSection } from '../../http/header-section.ts';
import { reasonPhrase } from '../../http/status.ts';
import { statusLine } from '../../http1/grammar/status-line.ts';
import { httpDate } from './http-date.ts';

/** The text that a rejection carries. */
export function errorText(status: number): string {
  return `${status} ${reasonPhrase(status)}\n`;
}

/** The fields of a rejection, without those that every response gets. */
export function errorFields(error: ReverseItError): FieldSection {
  const fields = ['content-type', 'text/plain; charset=utf-8'];
  if (error.status === 503) fields.push('retry-after', '1');
  // RFC 6455 §4.4, RFC 9110 §15.5.22
  if (error.code === 'RIT_ERR_WS_VERSION') {
    fields.push('upgrade', 'websocket', 'sec-websocket-version', '13');
  }
  return fields;
}

/**
 * Whether Connection has to name Upgrade (RFC 9110 §7.8): in a final response of our own it tells what a
 * client has to switch to.
 */
export function demandsUpgrade(status: number, headers: HeaderSection): boolean {
  return status === 426 && headers.has('upgrade');
}

/**
 * A whole rejection as bytes, for a request that never became an exchange. It ends the connection.
 * `toHead`: without its body (RFC 9110 §9.3.2). It carries `more` as well.
 */
export function errorResponse(
  error: ReverseItError,
  toHead: boolean,
  more: ReadonlyFieldSection,
): string {
  const text = errorText(error.status);
  const fields = [...errorFields(error), ...more];
  fields.push('date', httpDate(), 'content-length', String(text.length), 'connection', 'close');
  return `${statusLine(error.status, '')}${fieldLines(fields)}\r\n${toHead ? '' : text}`;
}

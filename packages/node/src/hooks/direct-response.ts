/** Responses of the application's own: what one is, and how it is sent. */

import type { Exchange } from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import {
  type FieldSection,
  fieldEntry,
  hasField,
  isBodiless,
  isFieldValue,
  isToken,
} from '@reverseit/core/http';
import { isPlainObject, keyPath } from '@reverseit/core/options';
import type { DirectResponse } from './hooks.ts';

/** Why a value is no response. */
export interface ResponseFault {
  /** Where in the response, such as `headers.location`; empty for the whole. */
  readonly key: string;
  readonly value: unknown;
  /** To follow the word "expected". */
  readonly accepts: string;
}

/**
 * The first thing that keeps a value from being a response, or null. A slip such as `{statusCode: 401}`
 * or `false` must not become a 200.
 */
export function responseFault(response: unknown): ResponseFault | null {
  // A `Response` of fetch has no keys of its own, and would be an empty 200.
  if (!isPlainObject(response)) {
    return { key: '', value: response, accepts: 'a response {status, headers, body}' };
  }
  for (const [key, value] of Object.entries(response)) {
    const fault = partFault(key, value);
    if (fault !== null) return fault;
  }
  return null;
}

function partFault(key: string, value: unknown): ResponseFault | null {
  if (key !== 'status' && key !== 'headers' && key !== 'body') {
    return { key: keyPath('', key), value, accepts: 'only the keys status, headers and body' };
  }
  if (value === undefined) return null;
  if (key === 'headers') return headersFault(value);
  if (key === 'body') {
    const accepts = 'a string or a Buffer';
    return typeof value === 'string' || value instanceof Uint8Array
      ? null
      : { key, value, accepts };
  }
  const isStatus =
    typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599;
  return isStatus ? null : { key, value, accepts: 'a whole number from 200 to 599' };
}

function headersFault(headers: unknown): ResponseFault | null {
  if (!isPlainObject(headers)) {
    return {
      key: 'headers',
      value: headers,
      accepts: 'an object {name: value or array of values}',
    };
  }
  for (const [name, value] of Object.entries(headers)) {
    const key = keyPath('headers', name);
    if (!isToken(name)) return { key, value: name, accepts: 'a header name (RFC 9110 §5.1)' };
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!values.every((one) => typeof one === 'string' && isFieldValue(one))) {
      return { key, value, accepts: 'a header value (RFC 9110 §5.5) or an array of these' };
    }
  }
  return null;
}

/** A response of the application's own, ready to be sent. */
export interface WholeResponse {
  readonly status: number;
  /** Without what frames the message. */
  readonly fields: FieldSection;
  readonly body: string | Uint8Array;
}

/**
 * Reads what a hook made. `status` is that of a response which names none.
 * @throws StateError `RIT_ERR_INTERNAL` where it is no response
 */
export function toWholeResponse(
  response: DirectResponse,
  hook: string,
  status = 200,
): WholeResponse {
  const fault = responseFault(response);
  if (fault !== null) {
    const where = fault.key === '' ? '' : `${fault.key}: `;
    const message = `${hook} returned an invalid response: ${where}expected ${fault.accepts}`;
    throw createError('RIT_ERR_INTERNAL', message);
  }
  const { headers = {}, body = '' } = response;
  const whole = {
    status: response.status ?? status,
    fields: fieldsOf(headers),
    body,
  };
  if (needsType(whole)) whole.fields.push('content-type', 'text/plain; charset=utf-8');
  return whole;
}

/** Answers with what a hook made. Throws as `toWholeResponse` does. */
export function sendDirect(exchange: Exchange, response: DirectResponse, hook: string): void {
  const { status, fields, body } = toWholeResponse(response, hook);
  exchange.respond(status, fields, body);
}

/** A text is one, unless the application says what else. Of bytes only the application knows. */
const needsType = ({ status, fields, body }: WholeResponse): boolean =>
  typeof body === 'string' &&
  body !== '' &&
  !isBodiless('GET', status) &&
  !hasField(fields, 'content-type');

function fieldsOf(headers: NonNullable<DirectResponse['headers']>): FieldSection {
  const fields: FieldSection = [];
  for (const [name, value] of Object.entries(headers)) {
    if (fieldEntry(name).setByServer) continue;
    if (typeof value === 'string') fields.push(name, value);
    else for (const one of value) fields.push(name, one);
  }
  return fields;
}

import { fail } from '@reverseit/core/errors';
import type { FieldSection } from '@reverseit/core/http';
import type { ClientExchange } from '../proxy/client-exchange.ts';
import type { DirectResponse } from './hooks.ts';

/**
 * Answers with a response of the application's own.
 * @throws StateError `RIT_ERR_INTERNAL` where it is no response
 */
export function sendDirect(exchange: ClientExchange, response: DirectResponse): void {
  assertResponse(response);
  const { status = 200, headers = {}, body = '' } = response;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw fail(
      'RIT_ERR_INTERNAL',
      'a hook answered with a status that is no integer from 200 to 599',
    );
  }
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    throw fail('RIT_ERR_INTERNAL', 'a hook answered with a body that is neither string nor Buffer');
  }
  exchange.respond(status, fieldsOf(headers), body);
}

const keys: readonly string[] = ['status', 'headers', 'body'];

/** A slip such as `{statusCode: 401}`, `false` or a thenable of a library must not become a 200. */
function assertResponse(response: unknown): void {
  if (typeof response !== 'object' || response === null) {
    throw fail('RIT_ERR_INTERNAL', 'a hook answered with what is no response');
  }
  for (const key of Object.keys(response)) {
    if (!keys.includes(key)) {
      throw fail('RIT_ERR_INTERNAL', `a hook answered with "${key}", which no response has`);
    }
  }
  if ('then' in response) {
    throw fail('RIT_ERR_INTERNAL', 'a hook answered with a thenable that is no Promise');
  }
}

/** What `respond` adds by itself, or what frames the message. */
const ours = ['content-length', 'transfer-encoding', 'connection', 'date'];

function fieldsOf(headers: NonNullable<DirectResponse['headers']>): FieldSection {
  const fields: FieldSection = [];
  for (const [name, value] of Object.entries(headers)) {
    if (ours.includes(name.toLowerCase())) continue;
    if (typeof value === 'string') fields.push(name, value);
    else for (const one of value) fields.push(name, one);
  }
  return fields;
}

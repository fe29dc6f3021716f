/** The fields of a response that is sent whole, by a handler that has its content at hand. */
import { fail } from '../../errors/reverseit-error.ts';
import { fieldEntry } from '../../http/field-registry.ts';
import {
  type FieldSection,
  hasField,
  type ReadonlyFieldSection,
} from '../../http/field-section.ts';
import { assertFields } from '../../http1/grammar/response-head.ts';
import { httpDate } from './http-date.ts';

/**
 * The fields, with `content-length` behind them, and with `date` where they have none.
 * @throws StateError `RIT_ERR_INTERNAL` where a field is malformed, or one that frames the response
 */
export function wholeResponseFields(
  status: number,
  fields: ReadonlyFieldSection,
  length: number,
): FieldSection {
  assertFields(fields);
  if (fields.some((name, i) => i % 2 === 0 && fieldEntry(name).setByServer)) {
    throw fail(
      'RIT_ERR_INTERNAL',
      'exchange: content-length, transfer-encoding and connection are set by the server',
    );
  }
  const all = [...fields];
  if (!hasField(fields, 'date')) all.push('date', httpDate());
  // RFC 9110 §8.6: never in a 204 or an interim response.
  if (status !== 204 && status >= 200) all.push('content-length', String(length));
  return all;
}

/** Max-Forwards (RFC 9110 §7.6.2): how many more proxies OPTIONS and TRACE may pass. */
import { readDecimal } from './digits.ts';
import { getFieldValues, type ReadonlyFieldSection } from './field-section.ts';

/** Whether the field means something to a method. */
export function usesMaxForwards(method: string): boolean {
  return method === 'OPTIONS' || method === 'TRACE';
}

/** Whether no hop is left: then we are the final recipient. */
export function isLastHop(fields: ReadonlyFieldSection): boolean {
  return getFieldValues(fields, 'max-forwards').some((value) => readDecimal(value) === 0);
}

/** The value for the next hop. What is no number means nothing, and stays. */
export function decrementMaxForwards(value: string): string {
  const left = readDecimal(value);
  return left > 0 ? String(left - 1) : value;
}

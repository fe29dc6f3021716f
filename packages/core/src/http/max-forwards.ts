/** Max-Forwards (RFC 9110 §7.6.2): how many more proxies OPTIONS and TRACE may pass. */
import { equalsIgnoreCase } from './ascii.ts';
import { readDecimal } from './digits.ts';
import type { FieldSection } from './field-section.ts';

/** Whether the field means something to a method. */
export function heedsMaxForwards(method: string): boolean {
  return method === 'OPTIONS' || method === 'TRACE';
}

/** Counts one hop, in place. False: the count has run out, and we are the final recipient. */
export function spendMaxForwards(fields: FieldSection): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (!equalsIgnoreCase(fields[i] as string, 'max-forwards')) continue;
    const left = readDecimal(fields[i + 1] as string);
    if (left === 0) return false;
    if (left > 0) fields[i + 1] = String(left - 1);
  }
  return true;
}

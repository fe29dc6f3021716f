/** Whole numbers among options. */
import { custom, type Option } from '@reverseit/core/options';

/** Of the command line: text that is no number is left for the option to refuse. */
export const digits = (text: string): unknown => (/^\d{1,16}$/.test(text) ? Number(text) : text);

export const isWhole = (
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

/** A row of milliseconds that cannot be none. */
export function span(text: { prose: string; default: number }): Option<number, number> {
  const max = 2 ** 31 - 1;
  return custom<number, number>({
    group: 'Backends',
    kind: 'milliseconds',
    ...text,
    accepts: `a whole number of milliseconds from 1 to ${max}`,
    text: { placeholder: 'MS', parse: digits },
    json: { type: 'integer', minimum: 1, maximum: max },
    check: (value) => (isWhole(value, 1, max) ? value : undefined),
  });
}

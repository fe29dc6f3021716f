/** Whole numbers among options. */

/** Of the command line: text that is no number is left for the option to refuse. */
export const digits = (text: string): unknown => (/^\d{1,16}$/.test(text) ? Number(text) : text);

export const isWhole = (
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

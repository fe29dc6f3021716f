/** Strict readers of numbers: digits only, bounded length, no sign, no blank, no list. */

/** The most digits that cannot exceed `Number.MAX_SAFE_INTEGER` after the check below. */
const maxDigits = 16;

/** 1*DIGIT as in Content-Length (RFC 9110 §8.6). -1 where it is anything else or not a safe integer. */
export function readDecimal(text: string): number {
  let start = 0;
  // Leading zeros are valid 1*DIGIT and carry no value.
  while (start < text.length - 1 && text.charCodeAt(start) === 0x30) start++;
  const length = text.length - start;
  if (length === 0 || length > maxDigits) return -1;
  let value = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

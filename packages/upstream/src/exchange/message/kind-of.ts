/** A value in words, without a character of it. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const { name } = value.constructor ?? Object;
  return typeof name !== 'string' || name === '' || name === 'Object'
    ? 'an object'
    : `an object of class ${name}`;
}

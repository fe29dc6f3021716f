/** Numbers as the page shows them: short, and of a width that does not jump. */

/** What stands where a figure is unknown. */
export const unknown = '–';

const digits = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** From here on a figure would take more room than the page has. */
const tooLong = 1e16;

const whole = (value: number): string =>
  Math.abs(value) < tooLong ? digits.format(value) : value.toExponential(2);

const isUnknown = (value: number | null): value is null => value === null || Number.isNaN(value);

/** Three significant digits, and no more than are needed. */
const threeDigits = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 99.95) return whole(value);
  if (size >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
};

/** The largest unit of which the value has at least one; units grow by their factor. */
const scaled = (
  value: number,
  units: readonly (readonly [factor: number, unit: string])[],
): string => {
  let [factor, unit] = units[0] ?? [1, ''];
  // What would be rounded up to the next unit is shown in it.
  for (const [next, name] of units)
    if (Math.abs(value) >= next * 0.9995) [factor, unit] = [next, name];
  return `${threeDigits(value / factor)} ${unit}`;
};

/** A count in full: 1,234,567. */
export const formatCount = (value: number | null): string =>
  isUnknown(value) ? unknown : whole(value);

const thousands = [
  [1e4, 'k', 1e3],
  [1e6, 'M', 1e6],
  [1e9, 'G', 1e9],
] as const;

/** A count or a rate in little room: 0, 0.25, 12.5, 1,234, 12.3k, 4.56M. */
export const formatShort = (value: number | null): string => {
  if (isUnknown(value)) return unknown;
  if (value === 0) return '0';
  for (const [from, unit, factor] of [...thousands].reverse()) {
    if (Math.abs(value) >= from * 0.9995) return `${threeDigits(value / factor)}${unit}`;
  }
  if (Number.isInteger(value)) return whole(value);
  return Math.abs(value) < 0.005 ? '<0.01' : threeDigits(value);
};

/** A time in ms. */
export const formatMs = (ms: number | null): string => {
  if (isUnknown(ms)) return unknown;
  if (ms === 0) return '0 ms';
  if (Math.abs(ms) < 1) return `${whole(ms * 1000)} µs`;
  return scaled(ms, [
    [1, 'ms'],
    [1000, 's'],
    [60_000, 'min'],
  ]);
};

/** An amount of memory or of traffic. */
export const formatBytes = (bytes: number | null): string => {
  if (isUnknown(bytes)) return unknown;
  if (Math.abs(bytes) < 1023.5) return `${whole(bytes)} B`;
  return scaled(bytes, [
    [2 ** 10, 'KiB'],
    [2 ** 20, 'MiB'],
    [2 ** 30, 'GiB'],
    [2 ** 40, 'TiB'],
  ]);
};

/** A share of 0 to 1; what is little is not shown as nothing, nor almost all as all. */
export const formatPercent = (value: number | null): string => {
  if (isUnknown(value)) return unknown;
  if (value === 0) return '0%';
  if (value === 1) return '100%';
  if (value < 0.0001) return '<0.01%';
  if (value > 0.9999) return '>99.99%';
  return `${(value * 100).toFixed(value < 0.0995 ? 2 : 1)}%`;
};

/** Without zeros that say nothing, for the ticks of an axis: 2.50 ms is 2.5 ms, 10.0k is 10k. */
export const shortened = (text: string): string =>
  text.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');

/** How long something has lasted, in its two largest units: 45 s, 3 min 20 s, 2 d 4 h. */
export const formatAge = (ms: number | null): string => {
  if (isUnknown(ms)) return unknown;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: readonly (readonly [amount: number, unit: string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
};

/** A time of day, on the clock of who looks. */
export const formatClock = (time: number): string => {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

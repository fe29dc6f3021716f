/** Options on their way to the process of the proxy: JSON has no word for infinity. */
import type { ReverseItOptions } from '@reverseit/node';

const infinity = 'infinity';

export const toText = (options: object): string =>
  JSON.stringify(options, (_, value) => (value === Number.POSITIVE_INFINITY ? infinity : value));

export const fromText = (text: string): ReverseItOptions =>
  JSON.parse(text, (_, value) => (value === infinity ? Number.POSITIVE_INFINITY : value));

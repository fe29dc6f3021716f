import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isReverseItError } from '../errors/reverseit-error.ts';
import { serverOptions } from '../server/listener/server-options.ts';
import { type OptionValues, resolveOptions } from './option-schema.ts';

const keys = fc.oneof(fc.constantFrom(...Object.keys(serverOptions), '__proto__'), fc.string());
const values = fc.oneof(
  fc.constantFrom<unknown>(0, 1, 8192, -1, Number.POSITIVE_INFINITY, 'infinity', null, undefined),
  fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true, withDate: true }),
);
const inputs = fc.oneof(fc.dictionary(keys, values), fc.anything());

const resolved = (input: unknown): OptionValues<typeof serverOptions> | null => {
  try {
    return resolveOptions(serverOptions, input);
  } catch (error) {
    if (!isReverseItError(error) || error.code !== 'RIT_ERR_CONFIG') throw error;
    return null;
  }
};

describe('resolveOptions, any input', () => {
  it('answers with complete options or throws a ConfigError', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const options = resolved(input);
        if (options === null) return;
        expect(Object.keys(options)).toEqual(Object.keys(serverOptions));
        expect(Object.isFrozen(options)).toBe(true);
        // What was resolved is accepted as it stands.
        expect(resolved(options)).toEqual(options);
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
    );
  });
});

import { isReverseItError } from '@reverseit/core/errors';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { resolveProxyOptions } from '../options/resolve-proxy-options.ts';
import { parseArguments } from './arguments.ts';
import { flags } from './flags.ts';

const name = fc.constantFrom(...flags.flatMap((flag) => [`--${flag.name}`, `--no-${flag.name}`]));
const argument = fc.oneof(
  name,
  fc.tuple(name, fc.string()).map((pair) => pair.join('=')),
  fc.string(),
);

describe('parseArguments, any arguments', () => {
  it('throws nothing, and what it makes is taken or refused with a ConfigError', () => {
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 6 }), (args) => {
        const { options } = parseArguments(args, () => 'content');
        try {
          resolveProxyOptions(options);
        } catch (error) {
          if (!isReverseItError(error) || error.code !== 'RIT_ERR_CONFIG') throw error;
        }
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
    );
  });
});

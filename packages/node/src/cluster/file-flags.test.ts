import { expect, it } from 'vitest';
import { fileFlags } from './file-flags.ts';

it.each<[flags: string[], kept: string[]]>([
  [[], []],
  [
    ['--conditions=x', '--import', './a.mjs'],
    ['--conditions=x', '--import', './a.mjs'],
  ],
  [['-e', 'code()', '--expose-gc'], ['--expose-gc']],
  [['--expose-gc', '-pe', 'code()'], ['--expose-gc']],
  [['--input-type=module', '--eval=code()'], []],
  [['--print', '1', '--input-type=module', '--prof'], ['--prof']],
])('of %j, %j stand for another file as well', (flags, kept) => {
  expect(fileFlags(flags)).toEqual(kept);
});

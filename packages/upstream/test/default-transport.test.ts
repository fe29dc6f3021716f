import { defaultValues } from '@reverseit/core/options';
import { expect, test } from 'vitest';
import { poolOptions } from '../src/index.ts';
import { transport } from './harness.ts';

test('a pool that names no transport has the one that the tests run over', () => {
  expect(defaultValues(poolOptions).transport).toBe(transport);
});

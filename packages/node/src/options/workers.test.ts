import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createServer } from '../server/create-server.ts';
import { resolveProxyOptions } from './resolve-proxy-options.ts';
import { workerCount } from './workers.ts';

const backend = 'http://h:1';

describe('workers', () => {
  it.each<[value: unknown, kept: unknown]>([
    [undefined, 1],
    [1, 1],
    [1024, 1024],
    ['auto', 'auto'],
  ])('%j is kept as %j', (value, kept) => {
    expect(resolveProxyOptions({ backend, workers: value }).workers).toBe(kept);
  });

  it.each([0, -1, 1.5, 1025, Number.POSITIVE_INFINITY, '2', 'all', null, true])(
    '%j is refused',
    (value) => {
      expect(() => resolveProxyOptions({ backend, workers: value })).toThrow(
        /^invalid option workers: .* is not accepted; expected a whole number from 1 to 1024, or "auto"$/,
      );
    },
  );

  it('"auto" follows the cores', () => {
    expect([workerCount('auto'), workerCount(3)]).toEqual([availableParallelism(), 3]);
  });

  it.each([2, 'auto'] as const)('%j is nothing for createServer, which says what is', (workers) => {
    expect(() => createServer({ backend, workers })).toThrow(
      expect.objectContaining({
        code: 'RIT_ERR_CONFIG',
        message: expect.stringMatching(/^invalid option workers: .*createCluster/),
      }),
    );
    expect(() => createServer({ backend, workers: 1 })).not.toThrow();
  });
});

import { Deadlines } from '@reverseit/core/deadlines';
import { afterEach, describe, expect, it } from 'vitest';
import { type DispatchLimits, LimitsResolver } from './dispatch-limits.ts';

const deadlines = new Deadlines();
const resolver = new LimitsResolver(deadlines);
afterEach(() => deadlines.dispose());

const shown = (limits: DispatchLimits) => {
  const { pool, head, interims, idle, ...rest } = resolver.resolve(limits);
  return { pool: pool.ms, head: head.ms, interims: interims.ms, idle: idle.ms, ...rest };
};

const defaults = {
  pool: 5000,
  head: 30_000,
  interims: 300_000,
  idle: 55_000,
  retries: 1,
  maxResponseHeaderBytes: 65_536,
  maxInterimResponseBytes: 65_536,
  maxResponseBodySize: Number.POSITIVE_INFINITY,
};

describe('limits of a request', () => {
  it('have defaults', () => expect(shown({})).toEqual(defaults));

  it('may be given in part', () => {
    const limits = { poolTimeout: 7, responseHeaderRetries: 0, maxResponseBodySize: 9 };
    expect(shown(limits)).toEqual({ ...defaults, pool: 7, retries: 0, maxResponseBodySize: 9 });
  });

  it('are resolved once for each object', () => {
    const [one, other] = [{ poolTimeout: 1 }, { poolTimeout: 1 }];
    const first = resolver.resolve(one);
    expect(resolver.resolve(other)).not.toBe(first);
    expect(resolver.resolve(one)).toBe(first);
  });

  it.each<[unknown, string]>([
    [{ poolTimeot: 5 }, 'limits.poolTimeot: unknown option, given 5; did you mean poolTimeout?'],
    [{ poolTimeout: -1 }, 'limits.poolTimeout: -1 is not accepted; expected a whole number of'],
    [{ responseHeaderTimeout: null }, 'limits.responseHeaderTimeout: null is not accepted'],
    [{ maxResponseBodySize: 'x' }, 'limits.maxResponseBodySize: "x" is not accepted'],
    [null, 'limits: null is not accepted; expected an object of options'],
  ])('%j is a ConfigError', (limits, message) => {
    const resolve = () => resolver.resolve(limits as DispatchLimits);
    expect(resolve).toThrow(expect.objectContaining({ code: 'RIT_ERR_CONFIG' }));
    expect(resolve).toThrow(`invalid option ${message}`);
  });
});

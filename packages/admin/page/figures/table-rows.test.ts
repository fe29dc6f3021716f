import { expect, it } from 'vitest';
import { ModelProxy } from '../../test/model-proxy.ts';
import type { Span } from './readings.ts';
import {
  type BackendRow,
  backendRows,
  errorRows,
  poolRows,
  processRows,
  routeRows,
  routesWithoutOthers,
} from './table-rows.ts';

const spanOf = (proxy: ModelProxy, change: () => void): Span => {
  const before = proxy.stats();
  change();
  return { before, after: proxy.pass(2000), elapsed: 2000 };
};

it('without a reading to compare with, rates are unknown and counts are not', () => {
  const proxy = new ModelProxy({ routes: ['/'], backends: [{ requests: 7 }] });
  proxy.answer('/', '2xx', 4);
  proxy.fail('RIT_ERR_X', 2);
  const stats = proxy.stats();
  expect(routeRows(stats, null)).toMatchObject([{ requests: 4, rate: null, errorShare: null }]);
  expect(backendRows(stats, null)).toMatchObject([{ requests: 7, rate: null, latency: null }]);
  expect(errorRows(stats, null)).toEqual([{ code: 'RIT_ERR_X', count: 2, rate: null }]);
  expect(poolRows(stats, null)).toMatchObject([{ opened: null, reuse: null }]);
  expect(processRows(stats, null)).toMatchObject([{ cpu: null, loop: { p50: null } }]);
});

it('rates are of each row, also of a code that is new', () => {
  const proxy = new ModelProxy({ routes: ['/', '/api'] });
  const span = spanOf(proxy, () => {
    proxy.answer('/', '2xx', 6);
    proxy.answer('/', '5xx', 2);
    proxy.fail('RIT_ERR_X', 2);
  });
  expect(routeRows(span.after, span)).toMatchObject([
    { route: '/', rate: 4, errorShare: 0.25 },
    { route: '/api', rate: 0, errorShare: 0, latency: { p50: null } },
  ]);
  expect(errorRows(span.after, span)).toEqual([{ code: 'RIT_ERR_X', count: 2, rate: 1 }]);
});

it('of a route or backend that is new, nothing is compared', () => {
  const before = new ModelProxy({ routes: ['/'], backends: [{}] });
  const after = new ModelProxy({
    routes: ['/', '/new'],
    backends: [{}, { backend: 'new', route: '/new', requests: 3 }],
  });
  const span = { before: before.stats(), after: after.pass(), elapsed: 1000 };
  expect(routeRows(span.after, span)[1]).toMatchObject({ route: '/new', rate: null });
  expect(backendRows(span.after, span)[1]).toMatchObject({ name: 'new', rate: null });
});

it.each([
  ['in one of one', { healthy: 1 }, 'healthy'],
  ['in all', { healthy: 4 }, 'healthy'],
  ['in some', { unhealthy: 1, healthy: 3 }, 'unhealthy in 1 of 4 workers'],
  ['in none that is counted', {}, 'healthy'],
] as const)('says the state of a backend %s', (_, states, text) => {
  const state = 'unhealthy' in states ? 'unhealthy' : 'healthy';
  const proxy = new ModelProxy({ backends: [{ state, states }] });
  expect(backendRows(proxy.stats(), null)[0]?.stateText).toBe(text);
});

it.each<[string, readonly Partial<BackendRow>[], readonly string[]]>([
  ['another is there', [{ name: 'a' }, { name: 'b' }], []],
  ['it is alone', [{ name: 'a' }], ['/']],
  ['the others are not in use', [{ name: 'a' }, { name: 'b', state: 'ejected' }], ['/']],
  ['another is warming', [{ name: 'a' }, { name: 'b', state: 'warming' }], []],
  ['it is not in use itself', [{ name: 'a', state: 'unhealthy' }], []],
  [
    'it is alone on one of two routes',
    [{ name: 'a' }, { name: 'b' }, { name: 'a', route: '/api' }],
    ['/api'],
  ],
])('routes that draining leaves without a backend, where %s', (_, rows, expected) => {
  const full = rows.map((row) => ({ route: '/', state: 'healthy', ...row }) as BackendRow);
  expect(routesWithoutOthers(full, 'a')).toEqual(expected);
});

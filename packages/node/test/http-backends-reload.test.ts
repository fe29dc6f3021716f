/** Several backends of one route, and options that are replaced while the proxy runs. */
import { deferred, eventually } from '@reverseit/test-servers';
import { expect, it } from 'vitest';
import { parseArguments } from '../src/cli/arguments.ts';
import { createServer } from '../src/index.ts';
import { useBackends } from './backends-rig.ts';

const start = useBackends();
const noFile = (): string => '';
const totals = (proxy: {
  backends(): readonly { readonly totalRequests: number }[];
}): readonly number[] => proxy.backends().map(({ totalRequests }) => totalRequests);

it('a reload that changes nothing but the list keeps connections, counts and health', async () => {
  const rig = await start(3, ([a, b]) => ({
    backend: [a!.url, b!.url],
    loadBalancing: 'round-robin',
  }));
  const [a, b, c] = rig.list.map(({ url }) => url);
  await rig.run(4);
  rig.proxy.drain(b!);
  rig.proxy.reload({ logger: null, backend: [c!, b!, a!], loadBalancing: 'round-robin' });
  const found = rig.proxy
    .backends()
    .map(({ url, state, totalRequests }) => [url, state, totalRequests]);
  expect(found).toEqual([
    [c, 'healthy', 0],
    [b, 'draining', 2],
    [a, 'healthy', 2],
  ]);
  expect([...(await rig.run(4))].sort().join('')).toBe('0022');
  expect(rig.proxy.stats().pools[0]).toMatchObject({ opened: 3 });
});

it('a reload that changes the policy keeps connections, counts and health as well', async () => {
  const rig = await start(3, { loadBalancing: 'round-robin' });
  await rig.run(3);
  const backend = rig.list.map(({ url }) => url);
  rig.proxy.drain(backend[0]!);
  for (const path of ['/', '/other']) {
    const healthCheck = { path, interval: 100_000 };
    rig.proxy.reload({ logger: null, backend, loadBalancing: 'first', healthCheck });
    expect(rig.proxy.backends().map(({ state }) => state)).toEqual([
      'draining',
      'healthy',
      'healthy',
    ]);
  }
  expect(totals(rig.proxy)).toEqual([1, 1, 1]);
  expect(await rig.run(2)).toBe('11');
  expect(rig.proxy.stats().pools[0]).toMatchObject({ opened: 3, open: 3 });
  rig.proxy.reload({ logger: null, backend, loadBalancing: 'first', pool: { poolSize: 3 } });
  expect(totals(rig.proxy)).toEqual([1, 3, 1]);
});

it('a reload with other options brings those that come up slowly', async () => {
  const rig = await start(2, ([a]) => ({ backend: [a!.url] }));
  const backend = rig.list.map(({ url }) => url);
  rig.proxy.reload({ logger: null, backend, slowStart: 100_000 });
  expect(rig.proxy.backends().map(({ state }) => state)).toEqual(['healthy', 'warming']);
});

it('a bad reload changes nothing', async () => {
  const rig = await start(2, { loadBalancing: 'first' });
  await rig.run(1);
  expect(() => rig.proxy.reload({ backend: ['http://a', 'ftp://b'] })).toThrow(/backend\[1\]/);
  expect(await rig.run(1)).toBe('0');
  expect(totals(rig.proxy)).toEqual([2, 0]);
});

it.each([
  ['with its connections idle', true],
  ['never asked before', false],
])('a request held from before a reload still gets its own group, %s', async (_, isUsed) => {
  const go = deferred();
  const rig = await start(2, ([a, b]) => ({
    backend: [a!.url],
    loadBalancing: 'first',
    onRequest: ({ target }) => (target === '/held' ? go.promise : undefined),
    routes: [{ backend: [a!.url] }, { path: '/x', backend: [b!.url] }],
  }));
  if (isUsed) await rig.run(1);
  const held = rig.ask('/held');
  await eventually(() => rig.proxy.stats().activeExchanges === 1, 'the hook');
  rig.proxy.reload({ logger: null, backend: [rig.list[1]!.url] });
  await eventually(
    () => rig.proxy.stats().pools[0]!.origins.every(({ origin }) => origin !== rig.list[0]!.url),
    'the former backend to be forgotten',
  );
  expect(await rig.run(1)).toBe('1');
  go.resolve();
  expect((await held).text).toBe('0');
  await eventually(
    () => rig.proxy.stats().pools.every((pool) => pool.origins.length <= 1),
    'the connection that was revived to close',
  );
});

it('--backend repeats, and JSON has lists', () => {
  const typed = parseArguments(['--backend', 'http://a', '--backend=http://b'], noFile);
  expect([typed.options, typed.faults]).toEqual([{ backend: ['http://a', 'http://b'] }, []]);
  const written: unknown = JSON.parse(
    '{"backend": ["http://a", {"url": "http://b", "weight": 0, "maxRequests": "infinity"}]}',
  );
  const names = (options: unknown): readonly string[] => {
    const proxy = createServer({ ...(options as object), logger: null });
    const found = proxy.backends().map(({ name, weight }) => `${name} ${weight}`);
    void proxy.close({ timeout: 0 });
    return found;
  };
  expect(names(typed.options)).toEqual(['http://a 1', 'http://b 1']);
  expect(names(written)).toEqual(['http://a 1', 'http://b 0']);
});

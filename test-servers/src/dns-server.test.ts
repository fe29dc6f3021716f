import { Resolver } from 'node:dns/promises';
import { expect, it } from 'vitest';
import { startDnsServer } from './dns-server.ts';
import { useCensus, useCleanup } from './use-server.ts';

useCensus();
const use = useCleanup();

async function start() {
  const server = use(
    await startDnsServer({
      'shop.test': { A: ['10.0.0.1', '10.0.0.2'], AAAA: ['fd00::1'], ttl: 7 },
      '_http._tcp.shop.test': { SRV: [{ priority: 1, weight: 2, port: 80, target: 'shop.test' }] },
      'big.test': { A: Array.from({ length: 1000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`) },
    }),
  );
  const resolver = new Resolver({ timeout: 100, tries: 1 });
  resolver.setServers([server.address]);
  return { server, resolver };
}

it('answers A, AAAA and SRV with their TTL', async () => {
  const { resolver } = await start();
  expect(await resolver.resolve4('shop.test', { ttl: true })).toEqual([
    { address: '10.0.0.1', ttl: 7 },
    { address: '10.0.0.2', ttl: 7 },
  ]);
  expect(await resolver.resolve6('shop.test')).toEqual(['fd00::1']);
  expect(await resolver.resolveSrv('_http._tcp.shop.test')).toMatchObject([
    { name: 'shop.test', priority: 1, weight: 2, port: 80 },
  ]);
});

it('answers over TCP what is too long for a datagram', async () => {
  const { resolver } = await start();
  expect(await resolver.resolve4('big.test')).toHaveLength(1000);
});

it.each([
  ['fails', 'ESERVFAIL'],
  ['silent', 'ETIMEOUT'],
  ['mixed-up', 'ETIMEOUT'],
] as const)('%s: %s', async (behaviour, code) => {
  const { server, resolver } = await start();
  server.behaviour = behaviour;
  await expect(resolver.resolve4('shop.test')).rejects.toMatchObject({ code });
});

it('no such name, no such record', async () => {
  const { server, resolver } = await start();
  await expect(resolver.resolve4('none.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  server.records.set('empty.test', {});
  await expect(resolver.resolve4('empty.test')).rejects.toMatchObject({ code: 'ENODATA' });
  expect(server.queries).toContain('A none.test');
});

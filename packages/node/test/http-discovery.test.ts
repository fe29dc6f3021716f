/** Routes whose backends are found by DNS or by a function. */

import { eventually } from '@reverseit/test-servers';
import { startDnsServer } from '@reverseit/test-servers/dns-server';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';
import { type Backend, useBackends } from './backends-rig.ts';

const start = useBackends();
const use = useCleanup();
const name = '_http._tcp.shop.test';

const services = (...list: readonly Backend[]) => ({
  SRV: list.map(({ url }) => ({ port: Number(new URL(url).port), target: 'node.test' })),
});

/** A route at SRV records, which `publish` changes. */
async function discovered(count: number, more: ReverseItOptions = {}) {
  const dns = use(await startDnsServer({ 'node.test': { A: ['127.0.0.1'] } }));
  const options: ReverseItOptions = {
    backend: 'http://shop.test',
    loadBalancing: 'round-robin',
    discovery: { type: 'srv', name, servers: [dns.address], interval: 20 },
    ...more,
  };
  const rig = await start(count, (list) => {
    dns.records.set(name, services(...list));
    return options;
  });
  return { rig, dns, options };
}

it('the backends are known when the server listens; Host is the configured one', async () => {
  const { rig } = await discovered(2);
  expect([...(await rig.run(4))].sort().join('')).toBe('0011');
  const hosts = rig.list.flatMap(({ headers }) => headers.map(({ host }) => host));
  expect(new Set(hosts)).toEqual(new Set(['shop.test']));
});

it('who is published anew serves, who is no longer does not', async () => {
  const { rig, dns } = await discovered(3);
  dns.records.set(name, services(rig.list[2]!));
  await eventually(() => rig.proxy.backends('/').length === 1, 'the look-up');
  expect(await rig.run(3)).toBe('222');
});

it('nothing is found: 503 until it is, and the error is reported', async () => {
  const errors: string[] = [];
  const { rig, dns } = await discovered(1, { onError: ({ code }) => void errors.push(code) });
  dns.records.set(name, {});
  const other = createServer({
    logger: null,
    backend: 'http://shop.test',
    discovery: { type: 'srv', name, servers: [dns.address], interval: 20 },
    onError: ({ code }) => void errors.push(code),
  });
  use({ close: () => other.close({ timeout: 0 }) });
  await other.listen({ host: '127.0.0.1', port: 0 });
  const address = other.address();
  const url = address !== null && 'port' in address ? `http://127.0.0.1:${address.port}/` : '';
  const headers = { connection: 'close' };
  expect((await fetch(url, { headers })).status).toBe(503);
  expect(errors).toContain('RIT_ERR_DISCOVERY');
  // Who knew the backend keeps it.
  expect(await rig.run(1)).toBe('0');
  dns.records.set(name, services(rig.list[0]!));
  await eventually(() => other.backends('/').length === 1, 'the look-up');
  expect((await fetch(url, { headers })).status).toBe(200);
});

it.each([
  ['kept', {}],
  ['replaced, and begins with what was known', { slowStart: 1000 }],
])('at a reload the group is %s: no request is lost', async (_, change) => {
  const { rig, dns, options } = await discovered(2);
  await rig.run(2);
  dns.behaviour = 'silent';
  rig.proxy.reload({ logger: null, ...options, ...change });
  expect([...(await rig.run(4))].sort().join('')).toBe('0011');
  expect(rig.proxy.stats().pools[0]).toMatchObject({ opened: 2 });
});

it('a function, without a backend that is configured', async () => {
  let at = 0;
  const rig = await start(2, (list) => ({
    backend: null,
    discovery: { list: () => Promise.resolve([list[at]!.url]), interval: 20 },
  }));
  expect(await rig.run(2)).toBe('00');
  at = 1;
  await eventually(() => rig.proxy.backends('/')[0]?.url === rig.list[1]!.url, 'the list');
  expect(await rig.run(2)).toBe('11');
});

it('a reload asks a function once', async () => {
  let calls = 0;
  const rig = await start(1, (list) => ({
    backend: null,
    discovery: async () => {
      calls++;
      return [list[0]!.url];
    },
  }));
  for (const loadBalancing of ['first', 'hash', 'hash'] as const) {
    const discovery = async () => {
      calls++;
      return [rig.list[0]!.url];
    };
    rig.proxy.reload({ logger: null, discovery, loadBalancing });
    expect(await rig.run(1)).toBe('0');
  }
  expect(calls).toBe(4);
});

it('a name that leads to the proxy itself is answered 508', async () => {
  const rig = await start(1);
  const dns = use(await startDnsServer({ 'self.test': { A: ['127.0.0.1'] } }));
  rig.proxy.reload({
    logger: null,
    via: 'self',
    backend: `http://self.test:${rig.port}`,
    discovery: { servers: [dns.address] },
  });
  await eventually(() => rig.proxy.backends('/').length === 1, 'the look-up');
  expect((await rig.ask()).status).toBe(508);
});

it('SRV expects one backend', () => {
  const discovery = { type: 'srv', name } as const;
  expect(() => createServer({ backend: ['http://a', 'http://b'], discovery })).toThrow(
    /backend: discovery of type "srv" expects one backend/,
  );
});

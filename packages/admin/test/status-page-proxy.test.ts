/** The status page of a real proxy: what it shows is what clients did. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Address,
  createServer,
  type ReverseItOptions,
  type ReverseItServer,
} from '@reverseit/node';
import { eventually } from '@reverseit/test-servers';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { chromiumPath, complaintsOf, useBrowser } from './page-rig.ts';

const portOf = (address: Address | null): number =>
  address !== null && 'port' in address ? address.port : 0;

describe.skipIf(chromiumPath === undefined)('the status page of a proxy (needs chromium)', () => {
  const browser = useBrowser();
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const backend = async (name: string): Promise<{ name: string; url: string }> => {
    const server = createHttpServer((request, response) => {
      response.statusCode = request.url === '/fail' ? 500 : 200;
      response.end(name);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    closers.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    return { name, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };

  interface Running {
    readonly proxy: ReverseItServer;
    readonly page: Page;
    readonly complaints: readonly string[];
    /** Sends so many requests, and waits for the responses. */
    load(count: number, path?: string): Promise<void>;
    /** Resolves when a tile, or a row of a table, reads so. */
    reads(where: string, text: string | RegExp): Promise<void>;
  }

  const start = async (admin: ReverseItOptions['admin']): Promise<Running> => {
    const list = [await backend('a'), await backend('b')];
    const proxy = createServer({
      admin,
      logger: null,
      routes: [{ name: 'shop', backend: list, loadBalancing: 'round-robin' }],
    });
    const port = portOf(await proxy.listen({ host: '127.0.0.1', port: 0 }));
    closers.push(() => proxy.close());
    const page = await browser().newPage();
    closers.push(() => page.close());
    const url = `http://127.0.0.1:${portOf(proxy.adminAddress())}/`;
    const complaints = await complaintsOf(page, url);
    await page.goto(url);
    return {
      proxy,
      page,
      complaints,
      async load(count, path = '/') {
        for (let i = 0; i < count; i += 1) {
          await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
        }
      },
      reads: (where, text) => page.locator(where, { hasText: text }).first().waitFor(),
    };
  };

  it('counts what a client sent, to the unit', async () => {
    const { page, load, reads, complaints } = await start({ listen: '127.0.0.1:0' });
    await reads('#link-state', 'Live');
    await load(60);
    await load(12, '/fail');
    await reads('.tile', /^Requests.*72 in total/);
    await reads('.tile', /^Errors \(5xx\).*12 in total/);
    await reads('.tile', /^Requests\s*\d/);
    await reads('#routes tbody tr', /^shop.*72$/);
    await reads('#backends tbody tr', /^a/);
    await reads('.tile', /^Backends\s*2 of 2\s*all healthy/);
    await reads('.tile', /p50\s*\d/);
    await page.getByRole('img', { name: /Event-loop delay: p50 \d/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('drains and enables a backend', async () => {
    const { proxy, page, load, reads, complaints } = await start({ listen: '127.0.0.1:0' });
    const requestsOf = (name: string): number =>
      proxy.backends().find((backend) => backend.name === name)?.totalRequests ?? 0;
    await page.getByRole('button', { name: 'Drain a', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click();
    await eventually(() => proxy.backends()[0]?.state === 'draining', 'the backend to drain');
    await reads('#backends tbody tr', /^a.*draining/);
    await load(4);
    expect([requestsOf('a'), requestsOf('b')]).toEqual([0, 4]);
    await page.getByRole('button', { name: 'Enable a' }).click();
    await reads('.tile', /^Backends\s*2 of 2/);
    await load(4);
    expect(requestsOf('a')).toBe(2);
    expect(complaints).toEqual([]);
  });

  it('with a token', async () => {
    const token = '0123456789abcdef-secret';
    const { page, load, reads } = await start({ listen: '127.0.0.1:0', token });
    await reads('#link-state', 'Token needed');
    await page.getByLabel('Token of').fill(token);
    await page.keyboard.press('Enter');
    await load(3);
    await reads('.tile', /3 in total/);
    await page.getByRole('button', { name: 'Drain b', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click();
    await reads('#backends tbody tr', /^b.*draining/);
  });

  it('goes on after the proxy has started again', async () => {
    const { proxy, page, load, reads } = await start({ listen: '127.0.0.1:0' });
    await load(5);
    await reads('.tile', /5 in total/);
    const port = portOf(proxy.adminAddress());
    await proxy.close();
    await reads('#link-state', 'No connection');
    const { url } = await backend('c');
    const next = createServer({
      admin: { listen: `127.0.0.1:${port}` },
      logger: null,
      backend: url,
    });
    await next.listen({ host: '127.0.0.1', port: 0 });
    closers.push(() => next.close());
    await reads('#link-state', 'Live');
    await reads('.tile', /^Requests.*\D0 in total/);
    await page.getByText('No route has a list of backends.').waitFor();
  });
});

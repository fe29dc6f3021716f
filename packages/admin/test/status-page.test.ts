/** What the status page shows, and does, in a real Chromium. */
import { eventually } from '@reverseit/test-servers';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { formatShort } from '../page/figures/format.ts';
import { requestsOf } from '../page/figures/totals.ts';
import { ModelProxy } from './model-proxy.ts';
import { chromiumPath, type OpenOptions, type OpenPage, usePages } from './page-rig.ts';

const backends = ['a', 'b', 'c'].map((backend, i) => ({
  backend,
  route: '/',
  url: `http://10.0.0.${i + 1}:8080`,
}));

const tile = (page: Page, name: string): Locator =>
  page.locator('.tile', { has: page.locator('dt', { hasText: new RegExp(`^${name}`) }) });

/** Resolves when the element has this text. */
const reads = (locator: Locator, text: string | RegExp): Promise<void> =>
  locator.filter({ hasText: text }).first().waitFor();

const rows = (page: Page, section: string): Locator => page.locator(`#${section} tbody tr`);

const row = (page: Page, section: string, name: string): Locator =>
  rows(page, section).filter({ has: page.getByRole('rowheader').filter({ hasText: name }) });

const names = (page: Page, section: string): Promise<readonly string[]> =>
  page.locator(`#${section} tbody tr th`).allInnerTexts();

describe.skipIf(chromiumPath === undefined)('the status page (needs chromium)', () => {
  const open = usePages();

  /** Opens the page, and waits until it shows figures. */
  const show = async (proxy: ModelProxy, options: OpenOptions = {}): Promise<OpenPage> => {
    const opened = await open({ stats: proxy.stats(), ...options });
    await opened.page.goto(opened.url);
    await opened.state('Live');
    return opened;
  };

  it('shows what came between two readings, to the unit', async () => {
    const proxy = new ModelProxy({ routes: ['/', '/api'] });
    proxy.answer('/', '2xx', 100);
    const { page, admin, complaints } = await show(proxy);
    proxy.answer('/', '2xx', 40, 0.0009);
    proxy.answer('/api', '5xx', 5, 0.09);
    proxy.answer('/api', '4xx', 5, 0.09);
    proxy.fail('RIT_ERR_UPSTREAM_CONNECT', 5);
    admin.push(proxy.pass(1000));

    await reads(tile(page, 'Requests'), /50\/s.*150 in total/);
    await reads(tile(page, 'Errors'), /5\/s\s*10\.0% of requests, 5 in total/);
    // 40 of 50 lie in the bucket that ends at 1 ms, the other 10 in the one that ends at 100 ms.
    await reads(tile(page, 'Latency'), /p50 813 µs\s*p90 75\.0 ms\s*p99 97\.5 ms/);
    await reads(row(page, 'routes', '/api'), /10\s*50\.0%/);
    await reads(row(page, 'errors', 'RIT_ERR_UPSTREAM_CONNECT'), /5\s*5/);
    const chart = page.getByRole('img', { name: /Requests: All 50, 4xx 5, 5xx 5/ });
    await chart.waitFor();
    expect(await page.locator('.chart canvas').count()).toBe(6);
    expect(complaints).toEqual([]);
  });

  it('figures move under load', async () => {
    const proxy = new ModelProxy({ routes: ['/'], backends, load: 500 });
    const { page, admin, complaints } = await show(proxy);
    const seen = new Set<string | null>();
    for (let i = 0; i < 5; i += 1) {
      const { routes } = proxy.pass();
      admin.push(proxy.stats());
      const total = formatShort(requestsOf(routes[0]!.requests));
      await reads(tile(page, 'Requests'), `${total} in total`);
      seen.add(await tile(page, 'Requests').textContent());
    }
    expect(seen.size).toBe(5);
    expect(complaints).toEqual([]);
  });

  it('a backend that is drained, or down, shows with its reason', async () => {
    const proxy = new ModelProxy({ routes: ['/'], backends });
    const { page, admin } = await show(proxy);
    await reads(tile(page, 'Backends'), /3 of 3\s*all healthy/);
    proxy.setBackend('b', 'draining');
    proxy.setBackend('c', 'unhealthy', 'check answered 500');
    admin.push(proxy.pass());
    await reads(tile(page, 'Backends'), /1 of 3\s*1 unhealthy, 1 draining/);
    await reads(row(page, 'backends', 'c'), /unhealthy\s*check answered 500/);
    expect(await names(page, 'backends')).toEqual([
      'c\nhttp://10.0.0.3:8080',
      'b\nhttp://10.0.0.2:8080',
      'a\nhttp://10.0.0.1:8080',
    ]);
  });

  it('with workers a state says in how many', async () => {
    const proxy = new ModelProxy({
      routes: ['/'],
      workers: 4,
      backends: [{ backend: 'a', state: 'ejected', states: { ejected: 1, healthy: 3 } }],
    });
    const { page } = await show(proxy);
    await reads(row(page, 'backends', 'a'), 'ejected in 1 of 4 workers');
    expect(await rows(page, 'processes').count()).toBe(4);
  });

  it('the button drains after a question, and enables without', async () => {
    const proxy = new ModelProxy({ routes: ['/'], backends });
    const { page, admin } = await show(proxy);
    admin.onAction = (path) => {
      proxy.setBackend('a', path.endsWith('drain') ? 'draining' : 'healthy');
      admin.push(proxy.pass());
      return { status: 200, body: '' };
    };
    await page.getByRole('button', { name: 'Drain a', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Drain a?' });
    await reads(dialog, 'It gets no new requests until you enable it again.');
    expect(await page.locator('#drain-warning').isVisible()).toBe(false);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(admin.actions).toEqual([]);

    await page.getByRole('button', { name: 'Drain a', exact: true }).click();
    await dialog.getByRole('button', { name: 'Drain', exact: true }).click();
    await page.getByRole('button', { name: 'Enable a' }).click();
    await page.getByRole('button', { name: 'Drain a', exact: true }).waitFor();
    await reads(page.locator('#action-done'), 'a is enabled.');
    expect(admin.actions).toEqual(['backends/a/drain', 'backends/a/enable']);
  });

  it('an ejected backend can be taken back before its time', async () => {
    const proxy = new ModelProxy({ backends: [{ backend: 'a', state: 'ejected' }] });
    const { page, admin } = await show(proxy);
    await page.getByRole('button', { name: 'Enable a' }).click();
    await reads(page.locator('#action-done'), 'a is enabled.');
    expect(admin.actions).toEqual(['backends/a/enable']);
    proxy.setBackend('a', 'healthy');
    admin.push(proxy.pass());
    await page.getByRole('button', { name: 'Enable a' }).waitFor({ state: 'hidden' });
    expect(await page.getByRole('button', { name: 'Drain a' }).count()).toBe(1);
  });

  it('warns before a route is left without a backend', async () => {
    const proxy = new ModelProxy({
      routes: ['/', '/api'],
      backends: [
        { backend: 'a', route: '/', active: 3 },
        { backend: 'b', route: '/' },
        { backend: 'a', route: '/api', active: 4 },
        { backend: 'c', route: '/api', state: 'unhealthy' },
      ],
    });
    const { page } = await show(proxy);
    await page.getByRole('button', { name: 'Drain a' }).first().click();
    const dialog = page.getByRole('dialog');
    await reads(dialog, /on the routes \/, \/api until/);
    await reads(dialog, 'The 7 requests in progress there will finish.');
    await reads(
      dialog,
      'No other backend is available for /api: its requests will be answered with 503.',
    );
  });

  it('says what went wrong where the proxy refuses', async () => {
    const name = 'http://10.0.0.1:8080/x?y#z';
    const proxy = new ModelProxy({
      routes: ['/'],
      backends: [{ backend: name, state: 'draining' }],
    });
    const { page, admin } = await show(proxy);
    admin.onAction = () => ({ status: 404, body: '<b>no backend</b> of this name' });
    await page.getByRole('button', { name: `Enable ${name}` }).click();
    await reads(
      page.getByRole('alert'),
      `Could not enable ${name}: <b>no backend</b> of this name`,
    );
    expect(admin.actions).toEqual([`backends/${encodeURIComponent(name)}/enable`]);
  });

  it('what comes from the proxy is text, whatever it looks like', async () => {
    const evil = [
      `<img src=x onerror="complain('xss')">`,
      `</td></tr><script>complain('xss')</script>`,
      `"><svg/onload=complain('xss')>`,
      `javascript:complain('xss')`,
      `{{constructor.constructor('complain(1)')()}}`,
    ];
    const proxy = new ModelProxy({
      routes: evil,
      backends: evil.map((name) => ({
        route: name,
        backend: name,
        url: name,
        state: 'unhealthy' as const,
        reason: name,
      })),
      load: 10,
    });
    for (const name of evil) proxy.fail(name);
    const { page, admin, complaints } = await show(proxy);
    admin.push(proxy.pass());
    for (const name of evil) {
      await page.locator('#routes tbody th', { hasText: name }).waitFor();
      await page.locator('#errors tbody th', { hasText: name }).waitFor();
      await row(page, 'backends', name).waitFor();
    }
    await page
      .getByRole('button', { name: /^Drain </ })
      .first()
      .click();
    await page.getByRole('dialog').waitFor();
    expect(await page.locator('img, svg, td script, th script').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('asks about one backend after the other, however late the browser tells of a closed dialog', async () => {
    const proxy = new ModelProxy({ routes: ['/'], backends });
    const { page, admin, url, state } = await open({ stats: proxy.stats() });
    await page.goto(url);
    await state('Live');
    // Within one task, so that no event has come in between.
    await page.evaluate(`(() => {
      const drain = (name) => document.querySelector('[aria-label="Drain ' + name + '"]').click();
      drain('a');
      document.querySelector('#drain-dialog button[value=cancel]').click();
      drain('b');
    })()`);
    await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click();
    await eventually(() => admin.actions.length > 0, 'the action');
    expect(admin.actions).toEqual(['backends/b/drain']);
  });

  it('asks for a token where one is needed, and keeps it in this tab alone', async () => {
    const proxy = new ModelProxy({ routes: ['/'], backends });
    const { page, admin, url, state } = await open({ stats: proxy.stats(), token: 's3cret' });
    await page.goto(url);
    await state('Token needed');
    const field = page.getByLabel('Token of the option admin');
    expect(await page.evaluate('document.activeElement.id')).toBe('token');
    expect(await page.locator('#figures').isVisible()).toBe(false);

    await field.fill('wrong');
    await page.keyboard.press('Enter');
    await reads(page.getByRole('alert'), 'The proxy does not accept this token.');
    await field.fill('schlüssel');
    await page.keyboard.press('Enter');
    await reads(page.getByRole('alert'), 'A token has visible ASCII characters only.');
    await field.fill('s3cret');
    await page.getByRole('button', { name: 'Show the figures' }).click();
    await state('Live');
    await page.getByRole('button', { name: 'Drain a', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click();
    await eventually(() => admin.actions.length === 1, 'the action, which needs the token too');

    await page.reload();
    await state('Live');
    const kept = await page.evaluate('[localStorage.length, document.cookie, location.href]');
    expect(kept).toEqual([0, '', url]);
    const other = await page.context().newPage();
    await other.goto(url);
    await other.locator('#link-state', { hasText: 'Token needed' }).waitFor();

    await page.getByRole('button', { name: 'Forget the token' }).click();
    await state('Token needed');
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  it('asks again where the token holds no more', async () => {
    const proxy = new ModelProxy({ routes: ['/'] });
    const { page, admin, url, state } = await open({ stats: proxy.stats(), token: 'one' });
    await page.goto(url);
    await page.getByLabel('Token of').fill('one');
    await page.keyboard.press('Enter');
    await state('Live');
    admin.token = 'two';
    admin.cut();
    await state('Token needed');
    expect(await page.locator('#figures').isVisible()).toBe(false);
  });

  it('says when it is cut off, and comes back by itself', async () => {
    const proxy = new ModelProxy({ routes: ['/'] });
    const { page, admin, state } = await show(proxy);
    await page.clock.install();
    admin.cut();
    await state('No connection');
    await reads(page.locator('#about'), /next attempt in 1 s/);
    await page.clock.runFor(1000);
    await state('Live');
    expect(admin.streams).toBe(1);
  });

  it('says when figures are stale, and opens another stream in the end', async () => {
    const proxy = new ModelProxy({ routes: ['/'] });
    const opened = await open({ stats: proxy.stats() });
    const { page, admin, url, state } = opened;
    await page.clock.install();
    await page.goto(url);
    await state('Live');
    await page.clock.runFor(5500);
    await state('Stale');
    await reads(page.locator('#about'), 'last figures 5 s ago');
    admin.push(proxy.pass());
    await state('Live');
    await page.clock.runFor(15_000);
    await state('No connection');
    await page.clock.runFor(1000);
    await state('Live');
  });

  it('a proxy that starts again, and workers that do, make no false figure', async () => {
    const proxy = new ModelProxy({ routes: ['/'], workers: 2, load: 100 });
    const { page, admin, complaints } = await show(proxy);
    for (let i = 0; i < 3; i += 1) admin.push(proxy.pass());
    await reads(tile(page, 'Requests'), /\d\/s/);
    proxy.replaceWorker();
    admin.push(proxy.pass());
    await reads(page.locator('#about'), '2 workers, 1 replaced');
    await reads(rows(page, 'processes'), '4714');
    const again = new ModelProxy({ routes: ['/'], workers: 2 });
    again.pass(3_600_000);
    again.restart();
    again.answer('/', '2xx', 7);
    admin.push(again.stats());
    await reads(tile(page, 'Requests'), /–\s*\d+ in progress, 7 in total/);
    expect(await page.locator('body').textContent()).not.toMatch(
      /NaN|undefined|Infinity|-\d+(?:\.\d+)?\/s/,
    );
    expect(complaints).toEqual([]);
  });

  it('of a proxy without routes and traffic it says so', async () => {
    const proxy = new ModelProxy();
    const { page, admin, complaints } = await show(proxy);
    admin.push(proxy.pass());
    await reads(tile(page, 'Requests'), /^\s*Requests\s*0\/s/);
    await page.getByText('No route has a list of backends.').waitFor();
    await page.getByText('No request has come yet.').waitFor();
    await page.getByText('None since the start.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('while it drains it says so', async () => {
    const proxy = new ModelProxy({ routes: ['/'] });
    const { admin, state } = await show(proxy);
    proxy.state = 'draining';
    admin.push(proxy.pass());
    await state('Live, proxy is draining');
  });

  it('shows a page of 1,000 backends and of 200 routes, filtered and sorted', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({
      backend: `node-${i}`,
      route: `/route-${i % 200}`,
      url: `http://10.1.${Math.floor(i / 250)}.${i % 250}:8080`,
    }));
    const routes = Array.from({ length: 200 }, (_, i) => `/route-${i}`);
    const proxy = new ModelProxy({ routes, backends: many, load: 2000 });
    const { page, admin, complaints } = await show(proxy);
    admin.push(proxy.pass());
    const section = page.locator('#backends');
    await reads(section.locator('.count'), /^1,000$/);
    expect(await rows(page, 'backends').count()).toBe(25);
    expect(await rows(page, 'routes').count()).toBe(25);
    await section.getByRole('button', { name: 'Next' }).click();
    await reads(section, 'Page 2 of 40');
    await section.getByLabel('Filter backends').fill('node-77 healthy');
    await reads(section.locator('.count'), '11 of 1,000');
    expect(await section.getByRole('navigation').isVisible()).toBe(false);
    await section.getByRole('button', { name: 'Backend' }).click();
    expect((await names(page, 'backends'))[0]).toContain('node-77\n');
    await section.getByRole('button', { name: 'Backend' }).click();
    expect((await names(page, 'backends'))[0]).toContain('node-779\n');
    const head = section.getByRole('columnheader', { name: 'Backend' });
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    await section.getByLabel('Filter backends').fill('nothing');
    await reads(section, 'No backend matches this filter.');
    expect(complaints).toEqual([]);
  });

  it('no row moves away from under the pointer', async () => {
    const proxy = new ModelProxy({ routes: ['/'], backends });
    const { page, admin } = await show(proxy);
    await page.getByRole('button', { name: 'Drain a', exact: true }).hover();
    proxy.setBackend('c', 'unhealthy', 'gone');
    admin.push(proxy.pass());
    await reads(row(page, 'backends', 'c'), 'gone');
    expect((await names(page, 'backends')).map((name) => name[0])).toEqual(['a', 'b', 'c']);
    await page.mouse.move(0, 0);
    admin.push(proxy.pass());
    await reads(rows(page, 'backends').first(), 'gone');
    expect((await names(page, 'backends')).map((name) => name[0])).toEqual(['c', 'a', 'b']);
  });

  it('shows the values at the pointer, in every chart', async () => {
    const proxy = new ModelProxy({ routes: ['/'] });
    const { page, admin } = await show(proxy);
    for (const count of [10, 20, 30]) {
      proxy.answer('/', '2xx', count);
      admin.push(proxy.pass(60_000));
    }
    const legend = page.getByRole('table', { name: 'Requests' });
    await reads(legend.getByRole('row', { name: /All/ }), '0.50');
    const plot = page.locator('.chart .u-over').first();
    const box = (await plot.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.49, box.y + 20);
    await reads(legend.getByRole('row', { name: /All/ }), /^All0\.33/);
    const others = page
      .locator('.legend thead th:nth-child(2)')
      .filter({ hasText: /\d\d:\d\d:\d\d/ });
    expect(await others.count()).toBe(6);
    await page.mouse.move(0, 0);
    await reads(legend.locator('thead'), 'Now');
  });
});

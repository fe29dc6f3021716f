/** The status page by keyboard, on narrow screens, in light and dark, and as axe-core judges it. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ModelProxy } from './model-proxy.ts';
import { chromiumPath, type OpenOptions, type OpenPage, usePages } from './page-rig.ts';

/** What axe-core finds wrong, one line each. */
const faultsOf = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  )) as { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`),
  );
};

const longName = 'a-name-of-many-parts-'.repeat(12);
const unbrokenName = 'x'.repeat(300);

const busyProxy = (): ModelProxy => {
  const states = ['healthy', 'warming', 'draining', 'ejected', 'unhealthy'] as const;
  const backends = states.map((state, i) => ({
    backend: i === 1 ? longName : i === 2 ? unbrokenName : `backend-${i}`,
    route: i === 3 ? unbrokenName : '/',
    url: `http://${i === 2 ? unbrokenName : `10.0.0.${i}`}:8080`,
    state,
    reason: state === 'unhealthy' ? `connect ECONNREFUSED ${unbrokenName}` : null,
  }));
  const more = Array.from({ length: 30 }, (_, i) => ({ backend: `more-${i}`, route: '/api' }));
  const proxy = new ModelProxy({
    routes: ['/', '/api', longName, unbrokenName],
    backends: [...backends, ...more],
    workers: 3,
    load: 12_345_678 / 1000,
  });
  proxy.fail('RIT_ERR_UPSTREAM_CONNECT', 1_234_567_890);
  return proxy;
};

const focused = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const { activeElement: it } = document;
    return it === document.body ? 'body' : it.getAttribute('aria-label') ?? (it.textContent || it.value);
  })()`) as Promise<string>;

describe.skipIf(chromiumPath === undefined)('the status page (needs chromium)', () => {
  const open = usePages();

  const show = async (options: OpenOptions = {}): Promise<OpenPage> => {
    const proxy = busyProxy();
    const opened = await open({ stats: proxy.pass(), ...options });
    await opened.page.goto(opened.url);
    await opened.state('Live');
    opened.admin.push(proxy.pass());
    opened.admin.push(proxy.pass());
    await opened.page.getByRole('img', { name: /Requests: All \d/ }).waitFor();
    return opened;
  };

  const sizes = [360, 768, 1440].flatMap((width) =>
    (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
  );

  it.each(sizes)(
    'axe-core finds nothing at $width px, $colorScheme',
    async ({ width, colorScheme }) => {
      const { page, complaints } = await show({ colorScheme, viewport: { width, height: 900 } });
      expect(await faultsOf(page)).toEqual([]);
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      expect(wide, 'nothing scrolls sideways').toBe(width);
      await page.getByRole('button', { name: 'Drain backend-0' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await faultsOf(page)).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );

  it.each(['light', 'dark'] as const)(
    'axe-core finds nothing in the form, %s',
    async (colorScheme) => {
      const { page, url, state } = await open({ colorScheme, token: 'x' });
      await page.goto(url);
      await state('Token needed');
      await page.getByLabel('Token of').fill('y');
      await page.keyboard.press('Enter');
      await page.getByText('does not accept').waitFor();
      expect(await faultsOf(page)).toEqual([]);
    },
  );

  it('axe-core finds nothing in figures that are old', async () => {
    const { page, admin, state } = await show();
    await page.clock.install();
    admin.cut();
    await state('No connection');
    expect(await faultsOf(page)).toEqual([]);
  });

  it('the keyboard reaches everything, in order, and sees where it is', async () => {
    const { page, admin } = await show();
    const order: string[] = [];
    for (let i = 0; i < 17; i += 1) {
      await page.keyboard.press('Tab');
      order.push(await focused(page));
      const outline = await page.evaluate(`(() => {
        const it = document.activeElement;
        const shown = it.type === 'radio' ? it.nextElementSibling : it;
        const { outlineStyle, outlineWidth } = getComputedStyle(shown);
        return outlineStyle + ' ' + outlineWidth;
      })()`);
      expect(outline, order.at(-1)).toBe('solid 2px');
    }
    expect(order.slice(0, 15)).toEqual([
      'Skip to the backends',
      '300',
      '',
      'Backend',
      'State',
      'Route',
      'Active',
      'Requests/s',
      'Failing',
      'Failures',
      'Latency',
      'Drain backend-4',
      'Enable backend-3',
      'Drain backend-3',
      `Enable ${unbrokenName}`,
    ]);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    const name = await focused(page);
    expect(name).toBe('Drain backend-3');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    // What does no harm has the focus.
    expect(await focused(page)).toBe('Cancel');
    await page.keyboard.press('Escape');
    expect(await focused(page)).toBe(name);
    expect(admin.actions).toEqual([]);
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('backend-3 is draining.').waitFor({ state: 'attached' });
    expect(admin.actions).toEqual(['backends/backend-3/drain']);
    expect(await focused(page)).toBe(name);
  });

  it('the link at the top leads to the backends, and arrows choose the span of the charts', async () => {
    const { page } = await show();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('backends-title');
    await page.getByRole('radio', { name: '5 min', exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('img', { name: 'Chart of the last 15 min. Memory' }).waitFor();
  });

  it('has landmarks, headings in order, and tables with headers', async () => {
    const { page } = await show();
    for (const role of ['banner', 'main', 'contentinfo'] as const) {
      expect(await page.getByRole(role).count(), role).toBe(1);
    }
    const sections = ['Now', 'Over time', 'Backends', 'Routes', 'Connections to backends'];
    for (const name of [...sections, 'Refusals and errors', 'Processes']) {
      expect(await page.getByRole('region', { name, exact: true }).count(), name).toBe(1);
    }
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await page.getByRole('heading', { level: 3 }).allTextContents()).toHaveLength(6);
    const table = page.getByRole('table', { name: 'Backends', exact: true });
    expect(await table.getByRole('columnheader').count()).toBe(9);
    expect(await table.getByRole('rowheader').count()).toBe(25);
    // Only what changes seldom is read out by itself.
    const live = page.locator('[role=status], [role=alert], [aria-live]');
    expect(await live.evaluateAll((list) => list.map(({ id }) => id))).toEqual([
      'link-state',
      'token-fault',
      'action-fault',
      'action-done',
    ]);
  });

  it('on a phone rows are still rows of a table', async () => {
    const { page } = await show({ viewport: { width: 360, height: 740 } });
    const table = page.getByRole('table', { name: 'Backends', exact: true });
    expect(await table.getByRole('row').count()).toBe(26);
    expect(await table.getByRole('cell', { name: 'healthy' }).count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Requests/s' }).first().click();
    const head = table.getByRole('columnheader', { name: 'Requests/s' });
    expect(await head.getAttribute('aria-sort')).toBe('descending');
  });

  it('draws again in other colours when the system changes them', async () => {
    const { page, complaints } = await show({ colorScheme: 'light' });
    const drawn = `document.querySelector('canvas').toDataURL()`;
    const before = await page.evaluate(drawn);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(() => page.evaluate(drawn), { timeout: 20_000 }).not.toBe(before);
    expect(await page.locator('.chart canvas').count()).toBe(6);
    expect(complaints).toEqual([]);
  });

  it('nothing moves where less motion is wanted', async () => {
    const { page } = await show({ reducedMotion: 'reduce' });
    const moving = await page.evaluate(`[...document.querySelectorAll('*')].filter((it) => {
      const { transitionDuration, animationName } = getComputedStyle(it);
      return animationName !== 'none' || transitionDuration.split(', ').some((text) => text !== '0s');
    }).length`);
    expect(moving).toBe(0);
  });
});

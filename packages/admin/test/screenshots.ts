/**
 * Draws the pictures of docs/status-page.md, of a proxy that does not exist:
 *
 *   node --conditions=@reverseit/source packages/admin/test/screenshots.ts
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '@reverseit/test-servers';
import { type Browser, chromium } from 'playwright-core';
import { buildPage } from '../build-page.ts';
import { ModelProxy } from './model-proxy.ts';
import { chromiumPath, FakeAdmin } from './page-rig.ts';

const folder = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

const pictures = [
  { name: 'status-page-light', width: 1440, height: 1290, colorScheme: 'light', scroll: 0 },
  { name: 'status-page-dark', width: 1440, height: 1290, colorScheme: 'dark', scroll: 0 },
  { name: 'status-page-tablet', width: 768, height: 1240, colorScheme: 'light', scroll: 0 },
  { name: 'status-page-phone', width: 360, height: 780, colorScheme: 'dark', scroll: 0 },
  { name: 'status-page-phone-backends', width: 360, height: 780, colorScheme: 'light', scroll: 1 },
] as const;

const proxy = (): ModelProxy => {
  const shop = [1, 2, 3].map((i) => ({
    backend: `shop-${i}`,
    route: '/',
    url: `http://10.0.3.1${i}:8080`,
  }));
  const api = [1, 2].map((i) => ({
    backend: `api-${i}`,
    route: '/api',
    url: `http://10.0.4.2${i}:9000`,
  }));
  return new ModelProxy({
    routes: ['/', '/api', '/static', '/live', '(none)'],
    backends: [...shop, ...api],
    workers: 4,
    load: 2400,
    seed: 7,
  });
};

/** Five minutes: a slow half, a backend that fails, one that is drained, a worker that ends. */
const play = async (model: ModelProxy, admin: FakeAdmin): Promise<void> => {
  for (let second = 0; second < 290; second += 1) {
    if (second === 220) {
      const reason = '5 failures in a row, the last: connect ECONNREFUSED 10.0.3.12:8080';
      model.setBackend('shop-2', 'ejected', reason);
      model.fail('RIT_ERR_UPSTREAM_CONNECT', 17);
    }
    if (second === 250) model.replaceWorker();
    if (second === 260) model.setBackend('api-2', 'draining');
    model.fail('RIT_ERR_NO_ROUTE', second % 3);
    model.fail('RIT_ERR_CLIENT_ABORTED', second % 7 === 0 ? 2 : 0);
    admin.push(model.pass());
    // The page draws once for each frame.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

const draw = async (browser: Browser, picture: (typeof pictures)[number]): Promise<void> => {
  const { name, width, height, colorScheme, scroll } = picture;
  const admin = new FakeAdmin(await buildPage());
  const page = await browser.newPage({ colorScheme, viewport: { width, height } });
  await page.goto(await admin.listen());
  await eventually(() => admin.streams === 1, 'the page to ask for figures');
  await play(proxy(), admin);
  await page.locator('#about', { hasText: '1 replaced' }).waitFor();
  if (scroll > 0) await page.evaluate('document.getElementById("backends").scrollIntoView()');
  await page.waitForTimeout(500);
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality: 76 });
  await writeFile(`${folder}${name}.webp`, Buffer.from(data, 'base64'));
  await page.close();
  await admin.close();
};

if (chromiumPath === undefined) throw new Error('there is no chromium');
const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
for (const picture of pictures) await draw(browser, picture);
await browser.close();

/** Chromium as a client of HTTP/2: it speaks it over TLS alone, and shows by which protocol a resource came. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { find } from '@reverseit/test-servers/external-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Served, serve, versions } from './client-programs-rig.ts';

const chromiumPath = find('chromium');

const hint = { link: '</style.css>; rel=preload; as=style' };
const html = `<!doctype html><title>A page</title>
<link rel="stylesheet" href="/style.css"><script src="/client.js"></script>`;
const script = readFileSync(
  new URL('../../../test-servers/clients/browser.js', import.meta.url),
  'utf8',
);

const files = new Map([
  ['/page', ['text/html', html]],
  ['/style.css', ['text/css', 'body { color: rgb(1, 2, 3) }']],
  ['/client.js', ['text/javascript', script]],
]);

/** A page that has a stylesheet, and hints at it before. */
function answerPage(request: IncomingMessage, response: ServerResponse): void {
  const file = files.get(request.url ?? '');
  if (file === undefined) {
    answer(request, response);
    return;
  }
  const [type = '', content] = file;
  if (type === 'text/html') response.writeEarlyHints(hint);
  response.setHeader('content-type', type).end(content);
}

describe.skipIf(chromiumPath === undefined)('Chromium (needs chromium)', () => {
  let browser: Browser;
  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu'];
    browser = await chromium.launch({ executablePath: chromiumPath ?? '', args });
  });
  afterAll(() => browser.close());
  useCensus();
  const use = useCleanup();

  const open = async (): Promise<{ served: Served; page: Page }> => {
    const served = await serve(use, 'HTTP/2', answerPage);
    const context = use(await browser.newContext({ ignoreHTTPSErrors: true }));
    const page = await context.newPage();
    await page.goto(`${served.base}/page`);
    return { served, page };
  };

  it('loads a page after 103 (Early Hints), its stylesheet too, over h2', async () => {
    const { page, served } = await open();
    const seen = await page.evaluate<{ protocols: string[] }>('client.page()');
    expect(seen).toMatchObject({ title: 'A page', color: 'rgb(1, 2, 3)' });
    expect(new Set(seen.protocols)).toEqual(new Set(['h2']));
    expect(versions(served)).toEqual(['2.0']);
  });

  it('a hundred requests at once on its connection', async () => {
    const { page, served } = await open();
    expect(await page.evaluate('client.many()')).toBe(100);
    expect(served.proxy.stats().connections).toBe(1);
  });

  it('uploads and downloads, of a known length and streamed', async () => {
    const { page } = await open();
    expect(await page.evaluate('client.upload()')).toBe(true);
    expect(await page.evaluate('client.streamedUpload()')).toBe(true);
  });

  it('RFC 8441: opens WebSockets on its connection', async () => {
    const { page, served } = await open();
    const [first] = await Promise.all(
      Array.from({ length: 5 }, () => page.evaluate('client.webSocket()')),
    );
    expect(first).toEqual({
      protocol: 'chat',
      isComplete: true,
      code: 4000,
      reason: 'done',
      wasClean: true,
    });
    expect(await served.outcomeOf('/socket')).toBe('none');
    expect(versions(served)).toEqual(['2.0']);
    expect(served.proxy.stats().connections).toBe(1);
  });

  it('aborts in the middle of a response, and goes on', async () => {
    const { page, served } = await open();
    expect(await page.evaluate('client.abort()')).toBe('hello');
    expect(await served.outcomeOf('/endless')).toBe('RIT_ERR_CLIENT_ABORTED');
    expect(served.proxy.stats().connections).toBe(1);
  });
});

/** The status page in a real Chromium, over an admin listener that says what a test wants it to say. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { find } from '@reverseit/test-servers/external-servers';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { buildPage } from '../build-page.ts';
import { pageHeaders, typeOf } from '../src/page.ts';
import type { ProxyStats } from '../src/stats.ts';

export const chromiumPath = find('chromium');

export class FakeAdmin {
  /** Asked of every request for figures, where it is set. */
  token: string | null = null;
  /** Answers to what the buttons ask for. */
  onAction: (path: string) => { readonly status: number; readonly body: string } = () => ({
    status: 200,
    body: '',
  });
  readonly actions: string[] = [];
  readonly #files: ReadonlyMap<string, string>;
  readonly #streams = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #newest: ProxyStats | null = null;

  constructor(files: ReadonlyMap<string, string>) {
    this.#files = files;
  }

  async listen(port = 0): Promise<string> {
    await once(this.#server.listen(port, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  push(stats: ProxyStats): void {
    this.#newest = stats;
    for (const stream of this.#streams) send(stream, stats);
  }

  /** Ends the streams, as a proxy does that goes away. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').slice(1);
    const file = this.#files.get(path);
    if (file !== undefined) {
      for (const [name, value] of pageHeaders) response.setHeader(name, value);
      response.setHeader('content-type', typeOf(path)).end(file);
      return;
    }
    const { authorization } = request.headers;
    if (this.token !== null && authorization !== `Bearer ${this.token}`) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
      return;
    }
    if (path === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      this.#streams.add(response);
      response.on('close', () => this.#streams.delete(response));
      if (this.#newest !== null) send(response, this.#newest);
      return;
    }
    if (request.method === 'POST') {
      this.actions.push(path);
      const { status, body } = this.onAction(path);
      response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
      return;
    }
    response.writeHead(404).end();
  }
}

const send = (stream: ServerResponse, stats: ProxyStats): void => {
  stream.write(`data: ${JSON.stringify(stats)}\n\n`);
};

export interface OpenPage {
  readonly page: Page;
  readonly admin: FakeAdmin;
  readonly url: string;
  /** What the browser complained about: errors, warnings, violations of the policy, foreign requests. */
  readonly complaints: readonly string[];
  /** Resolves when the state at the top reads so. */
  state(text: string): Promise<void>;
}

export interface OpenOptions extends BrowserContextOptions {
  readonly token?: string;
  /** Sent when the stream opens. */
  readonly stats?: ProxyStats;
}

/** One browser for the tests of a file. */
export const useBrowser = (): (() => Browser) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--disable-gpu'],
    });
  });
  afterAll(() => browser.close());
  return () => browser;
};

/** A page and its listener for each test. */
export const usePages = (): ((options?: OpenOptions) => Promise<OpenPage>) => {
  const browser = useBrowser();
  let files: ReadonlyMap<string, string>;
  const closers: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    files = await buildPage();
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  return async ({ token, stats, ...context } = {}) => {
    const admin = new FakeAdmin(files);
    admin.token = token ?? null;
    if (stats !== undefined) admin.push(stats);
    const url = await admin.listen();
    closers.push(() => admin.close());
    const made = await browser().newContext({ viewport: { width: 1440, height: 900 }, ...context });
    closers.push(() => made.close());
    const page = await made.newPage();
    const complaints = await complaintsOf(page, url);
    return { page, admin, url, complaints, state: (text) => linkState(page, text) };
  };
};

const linkState = (page: Page, text: string): Promise<void> =>
  page.locator('#link-state', { hasText: new RegExp(`^${text}`) }).waitFor();

/** Gathers them from now on. */
export const complaintsOf = async (page: Page, url: string): Promise<readonly string[]> => {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (/error|warning/.test(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`foreign request: ${request.url()}`);
  });
  await page.exposeFunction('complain', (text: string) => complaints.push(text));
  await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
    complain('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));`);
  return complaints;
};

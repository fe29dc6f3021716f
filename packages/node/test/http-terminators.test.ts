/**
 * Servers that end TLS before the proxy, and frameworks behind it with their own switches of trust: no endless
 * redirect, a secure cookie, the right absolute URL. Those that are not installed are skipped by name.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { available } from '@reverseit/test-servers/external-servers';
import {
  startDjango,
  startHaproxyTerminator,
  startNginxTerminator,
  type Terminator,
} from '@reverseit/test-servers/terminators';
import { useCleanup } from '@reverseit/test-servers/use-server';
import express from 'express';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import { useProxy } from './harness.ts';

const start = useProxy();
const use = useCleanup();

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookie: string;
  readonly text: string;
}

async function ask(port: number, path: string, headers = {}): Promise<Answer> {
  const options: RequestOptions = {
    host: '127.0.0.1',
    // Not the address of the terminator, which is trusted.
    localAddress: '127.0.0.2',
    port,
    path,
    agent: false,
    servername: 'localhost',
    ca: testCertificates().ca,
    // A client that claims to be somebody else.
    headers: { host: 'shop.example', 'x-forwarded-for': '9.9.9.9', ...headers },
  };
  const asking = httpsRequest(options);
  asking.end();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  const { location, 'set-cookie': cookies = [] } = answer.headers;
  return { status: answer.statusCode ?? 0, location, cookie: cookies.join(), text };
}

/** Believes the one proxy before it, as Express counts them, and sends everybody to https. */
async function startExpress() {
  const app = express().set('trust proxy', 1);
  app.use((request, response, next) => {
    if (request.secure) next();
    else response.redirect(`https://${request.host}${request.originalUrl}`);
  });
  app.get('/url', (request, response) => {
    // What express-session checks before it sets a secure cookie.
    response.cookie('session', '1', { secure: request.secure });
    response.send(
      `${request.protocol}://${request.host}/url ${request.secure ? 'True' : 'False'} ${request.ip}`,
    );
  });
  app.get('/moved', (request, response) =>
    response.redirect(`${request.protocol}://${request.host}/url`),
  );
  const server = createHttpServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const terminators = [
  ['nginx', startNginxTerminator],
  ['haproxy', startHaproxyTerminator],
] as const;
const applications = [
  ['Django', 'python-django', startDjango],
  ['Express', null, startExpress],
] as const;

for (const [name, startTerminator] of terminators) {
  for (const [application, needs, startApplication] of applications) {
    for (const writes of ['x-forwarded', 'forwarded'] as const) {
      const missing = [name, needs].filter((one) => one !== null && !available(one));
      const title = `${name} with ${writes} before, ${application} behind`;
      describe.skipIf(missing.length > 0)(
        missing.length === 0 ? title : `${title} (${missing.join(', ')} is not installed)`,
        () => {
          const run = async (options: Partial<ReverseItOptions>): Promise<number> => {
            const backend = use(await startApplication());
            const bench = await start({
              options: { forwardedHeaders: 'replace', backend: backend.url, ...options },
            });
            const terminator: Terminator = {
              proxyTo: `http://127.0.0.1:${bench.port}`,
              tls: testCertificates().server,
              writes,
            };
            return use(await startTerminator(terminator)).port;
          };

          it('trusted: https, the public host, the client, a secure cookie', async () => {
            const port = await run({ trustedProxies: '127.0.0.1' });
            const page = await ask(port, '/url');
            expect([page.status, page.text]).toEqual([
              200,
              'https://shop.example/url True 127.0.0.2',
            ]);
            expect(page.cookie).toMatch(/; ?secure/i);
            const moved = await ask(port, '/moved');
            expect([moved.status, moved.location]).toEqual([302, 'https://shop.example/url']);
          });

          it('not trusted: the backend hears http, and redirects for ever', async () => {
            const port = await run({});
            const page = await ask(port, '/url');
            expect([page.status, page.location]).toEqual([
              application === 'Django' ? 301 : 302,
              'https://shop.example/url',
            ]);
          });
        },
      );
    }
  }
}

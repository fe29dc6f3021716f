// A proxy inside an application: one public port, in front of a service of the application's own and
// of a backend elsewhere.
//
//   npm start                          (in another terminal: the backend)
//   node examples/embed/server.mjs

import { once } from 'node:events';
import http from 'node:http';
import { createServer } from '@reverseit/node';

const backend = process.env.BACKEND ?? 'http://127.0.0.1:4000';
const port = Number(process.env.PORT ?? 4100);

// The application's own service. It trusts X-Forwarded-For, since only the proxy can reach it.
const pages = http.createServer((request, response) => {
  response.setHeader('content-type', 'text/plain');
  response.end(`a page for ${request.headers['x-forwarded-for']}\n`);
});
pages.listen(0, '127.0.0.1');
await once(pages, 'listening');
const { port: pagesPort } = /** @type {import('node:net').AddressInfo} */ (pages.address());

const proxy = createServer({
  // The first hop: what clients say about themselves is not passed on.
  forwardedHeaders: 'replace',
  maxRequestBodySize: 1024 * 1024,
  routes: [
    { path: '/', backend: `http://127.0.0.1:${pagesPort}` },
    { path: '/backend', stripPath: '/backend', backend },
    {
      path: '/health',
      respond: () => {
        const { connections, activeExchanges } = proxy.stats();
        return {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ok: true, connections, activeExchanges }),
        };
      },
    },
  ],
});

const address = await proxy.listen({ host: '127.0.0.1', port });
const url = 'port' in address ? `http://${address.host}:${address.port}` : address.path;
console.log(`listening on ${url}`);
console.log(`  curl ${url}/\n  curl ${url}/backend/hello\n  curl ${url}/health`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    // Requests under way are answered first, for at most ten seconds.
    await proxy.close({ timeout: 10_000 });
    pages.close();
    console.log('closed');
  });
}

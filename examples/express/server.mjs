// An Express application with the proxy as middleware: what lies under /api is the backend's, WebSockets
// included, and the rest is the application's.
//
//   npm start                          (in another terminal: the backend)
//   node examples/express/server.mjs

import { createServer } from 'node:http';
import { createHandler } from '@reverseit/node';
import express from 'express';

const port = Number(process.env.PORT ?? 4100);

const proxy = createHandler({
  path: '/api',
  stripPath: '/api',
  backend: process.env.BACKEND ?? 'http://127.0.0.1:4000',
  // The first hop: what clients say about themselves is not passed on.
  forwardedHeaders: 'replace',
});

const app = express();
// Before body parsers: what they have read, nobody can pass on.
app.use(proxy);
app.use(express.json());
app.get('/', (_request, response) => {
  response.type('text').send('a page of the application\n');
});
app.post('/notes', (request, response) => {
  response.status(201).json(request.body);
});

const server = createServer(proxy.serverOptions, app);
server.on('upgrade', proxy.upgrade);
server.listen(port, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const url = `http://127.0.0.1:${port}`;
  console.log(`listening on ${url}`);
  console.log(`  curl ${url}/\n  curl ${url}/api/hello`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close();
    // Requests under way are answered first, for at most ten seconds.
    await proxy.close({ timeout: 10_000 });
    server.closeIdleConnections();
  });
}

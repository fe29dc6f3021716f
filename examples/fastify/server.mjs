// A Fastify application with the proxy in a hook: what lies under /api is the backend's, WebSockets
// included, and the rest is the application's.
//
//   npm start                          (in another terminal: the backend)
//   node examples/fastify/server.mjs

import { createHandler } from '@reverseit/node';
import fastify from 'fastify';

const proxy = createHandler({
  path: '/api',
  stripPath: '/api',
  backend: process.env.BACKEND ?? 'http://127.0.0.1:4000',
  // The first hop: what clients say about themselves is not passed on.
  forwardedHeaders: 'replace',
});

const app = fastify({ http: proxy.serverOptions });
// In the first of all hooks the body is unread. What no route of the proxy serves goes on to Fastify.
app.addHook('onRequest', async (request, reply) => {
  if (!proxy.matches(request.raw)) return;
  reply.hijack();
  // What other hooks have set.
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  proxy(request.raw, reply.raw);
});
app.server.on('upgrade', proxy.upgrade);
// Requests under way are answered first, for at most ten seconds. Not in `onClose`, which waits for WebSockets.
app.addHook('preClose', () => proxy.close({ timeout: 10_000 }));

app.get('/', (_request, reply) => reply.type('text/plain').send('a page of the application\n'));
app.post('/notes', (request, reply) => reply.code(201).send(request.body));

const url = await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 4100) });
console.log(`listening on ${url}`);
console.log(`  curl ${url}/\n  curl ${url}/api/hello`);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());

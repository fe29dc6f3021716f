/** `@fastify/http-proxy`; the second argument is a number of routes, each of which has its own pool. */
import type { AddressInfo } from 'node:net';
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';
import { keepAliveTimeout, serveParent } from './protocol.ts';

const upstream = `http://127.0.0.1:${process.argv[2]}`;
const routes = Number(process.argv[3] ?? 0);
const app = fastify({ keepAliveTimeout });
const undici = { connections: 50, pipelining: 1 };
if (routes === 0) await app.register(proxy, { upstream, websocket: true, undici });
for (let i = 0; i < routes; i++) {
  const prefix = `/r/${i}`;
  await app.register(proxy, { upstream, prefix, rewritePrefix: prefix, undici });
}
await app.listen({ port: 0, host: '127.0.0.1' });
serveParent((app.server.address() as AddressInfo).port);

/** `@fastify/http-proxy`. */
import type { AddressInfo } from 'node:net';
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';
import { serveParent } from './protocol.ts';

const app = fastify();
await app.register(proxy, {
  upstream: `http://127.0.0.1:${process.argv[2]}`,
  websocket: true,
  undici: { connections: 50, pipelining: 1 },
});
await app.listen({ port: 0, host: '127.0.0.1' });
serveParent((app.server.address() as AddressInfo).port);

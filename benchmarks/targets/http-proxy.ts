/** `http-proxy`, with a keep-alive agent, which is its fastest setting. */
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import httpProxy from 'http-proxy';
import { keepAliveTimeout, serveParent } from './protocol.ts';

const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${process.argv[2]}`,
  agent: new Agent({ keepAlive: true, maxSockets: 50 }),
  xfwd: true,
});
proxy.on('error', (_error, _request, response) => response.destroy());
const server = createServer({ keepAliveTimeout }, (request, response) =>
  proxy.web(request, response),
);
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));

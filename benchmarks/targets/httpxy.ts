/** `httpxy`, with a keep-alive agent. */
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createProxyServer } from 'httpxy';
import { keepAliveTimeout, serveParent } from './protocol.ts';

const proxy = createProxyServer({
  target: `http://127.0.0.1:${process.argv[2]}`,
  agent: new Agent({ keepAlive: true, maxSockets: 50 }),
  xfwd: true,
});
const server = createServer({ keepAliveTimeout }, (request, response) => {
  proxy.web(request, response).catch(() => response.destroy());
});
server.on('upgrade', (request, socket, head) => {
  proxy
    .ws(request, socket as Parameters<typeof proxy.ws>[1], {}, head)
    .catch(() => socket.destroy());
});
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));

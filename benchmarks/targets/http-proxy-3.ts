/** `http-proxy-3`, with a keep-alive agent. */
import { Agent, createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import httpProxy from 'http-proxy-3';
import { keepAliveTimeout, serveParent } from './protocol.ts';

const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${process.argv[2]}`,
  agent: new Agent({ keepAlive: true, maxSockets: 50 }),
  xfwd: true,
});
proxy.on('error', (_error, _request, response) => (response as ServerResponse).destroy());
const server = createServer(
  { keepAliveTimeout },
  (request, response) => void proxy.web(request, response),
);
server.on('upgrade', (request, socket, head) => void proxy.ws(request, socket, head));
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));

/** `fast-proxy`, over undici. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastProxy from 'fast-proxy';
import { keepAliveTimeout, serveParent } from './protocol.ts';

const { proxy } = fastProxy({
  base: `http://127.0.0.1:${process.argv[2]}`,
  undici: { connections: 50, pipelining: 1 },
});
const server = createServer({ keepAliveTimeout }, (request, response) =>
  proxy(request, response, request.url ?? '/', {}),
);
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));

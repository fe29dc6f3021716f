/**
 * The floor: bytes from socket to socket, nothing parsed, one backend connection per client connection.
 * `relay.ts BACKEND ROUTES SIDE [KEY CERT]`: TLS on the side that is named.
 */
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectSecurely, createServer as createSecureServer } from 'node:tls';
import { serveParent } from './protocol.ts';

const [, , backend, , side, keyFile = '', certFile = ''] = process.argv;
const address = { port: Number(backend), host: '127.0.0.1', noDelay: true };

const open = (): Socket =>
  side === 'backend'
    ? connectSecurely({ ...address, rejectUnauthorized: false })
    : connect(address);

function relay(client: Socket): void {
  const upstream = open();
  client.on('data', (chunk) => {
    if (!upstream.write(chunk)) client.pause();
  });
  upstream.on('data', (chunk) => {
    if (!client.write(chunk)) upstream.pause();
  });
  client.on('drain', () => upstream.resume());
  upstream.on('drain', () => client.resume());
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on('close', () => other.destroy());
    one.on('error', () => other.destroy());
  }
}

const server =
  side === 'listener'
    ? createSecureServer(
        { noDelay: true, key: readFileSync(keyFile), cert: readFileSync(certFile) },
        relay,
      )
    : createServer({ noDelay: true }, relay);
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));

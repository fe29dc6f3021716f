/** The floor: bytes from socket to socket, nothing parsed, one backend connection per client connection. */
import { type AddressInfo, connect, createServer } from 'node:net';
import { serveParent } from './protocol.ts';

const backend = Number(process.argv[2]);
const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ port: backend, host: '127.0.0.1', noDelay: true });
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
});
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));

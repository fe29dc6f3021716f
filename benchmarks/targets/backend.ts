/** A backend that costs next to nothing: answers each empty line with the same bytes and parses nothing else. */
import { type AddressInfo, createServer } from 'node:net';
import { serveParent } from './protocol.ts';

const body = 'Hello from the backend.\n';
const response = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nDate: Mon, 23 Nov 2026 09:00:00 GMT\r\nServer: bench\r\n\r\n${body}`,
);

const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1');
    let end = rest.indexOf('\r\n\r\n');
    while (end !== -1) {
      socket.write(response);
      rest = rest.slice(end + 4);
      end = rest.indexOf('\r\n\r\n');
    }
  });
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));

/** The backend of all targets: what HttpService does. */
import { type AddressInfo, createServer } from 'node:net';
import { HttpService } from './http-service.ts';
import { serveParent } from './protocol.ts';

const server = createServer({ noDelay: true }, (socket) => {
  new HttpService(socket);
});
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));

/** The backend of all targets: what HttpService does. `backend.ts [KEY CERT]`, over TLS with those files. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { HttpService } from './http-service.ts';
import { serveParent } from './protocol.ts';

const [, , keyFile, certFile] = process.argv;

const serve = (socket: Socket): void => {
  new HttpService(socket);
};

const server =
  keyFile === undefined || certFile === undefined
    ? createServer({ noDelay: true }, serve)
    : createSecureServer(
        { noDelay: true, key: readFileSync(keyFile), cert: readFileSync(certFile) },
        serve,
      );
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));

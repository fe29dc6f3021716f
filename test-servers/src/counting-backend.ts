/**
 * A backend in a process of its own: `node counting-backend.ts NAME FILE [PORT]` prints its port. It answers
 * every request with its name and the target; the target of a POST it writes to the file first, so that who
 * reads the files of all backends finds what was processed twice, however they ended.
 */
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** In ms: whenever it ends, some requests are on their way. */
const delay = 5;

const [name = '', path = '', port = '0'] = process.argv.slice(2);
const file = openSync(path, 'a');

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    if (request.method === 'POST') writeSync(file, `${request.url}\n`);
    setTimeout(() => response.end(`${name} ${request.url}`), delay);
  });
});
server.listen(Number(port), '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

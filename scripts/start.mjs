// `npm start`: the friendly backend of the tests, and ReverseIt in front of it. Runs from source, installed or
// not (see lib/from-source.mjs).

import { relative } from 'node:path';
import { createServer } from '@reverseit/node';
import { startFriendlyOrigin } from '@reverseit/test-servers/friendly-origin';
import { toolchain } from './lib/toolchain.mjs';

const host = '127.0.0.1';
const port = Number(process.env.PORT ?? 4000);

const origin = await startFriendlyOrigin();
const server = createServer({ backend: origin.url });
try {
  await server.listen({ host, port });
} catch (error) {
  const { cause } = /** @type {{ cause?: NodeJS.ErrnoException }} */ (error);
  console.error(
    cause?.code === 'EADDRINUSE'
      ? `Port ${port} is in use. Choose another one: PORT=${port + 1} npm start`
      : error,
  );
  await origin.close();
  process.exit(1);
}

const url = `http://${host}:${port}`;
// The Node in the path may be older, and have no WebSocket.
const isOurs = process.execPath.startsWith(toolchain);
const node = isOurs ? relative(process.cwd(), process.execPath) : 'node';
console.log(`
ReverseIt is listening on ${url}, in front of a demo backend on ${origin.url}

  curl -i ${url}/hello
  curl -i ${url}/api/items
  curl -i ${url}/api/items -H 'content-type: application/json' -d '{"name":"lamp"}'
  ${node} -e "new WebSocket('ws://${host}:${port}/ws').onopen = ({ target }) => {
    target.onmessage = ({ data }) => { console.log(data); target.close(); };
    target.send('hello');
  }"

Ctrl-C stops it, once requests in progress are answered.
`);

/** @type {number | undefined} */
let endingSince;

const end = async () => {
  if (endingSince !== undefined) {
    // A terminal's Ctrl-C reaches us directly and through npm as well.
    if (Date.now() - endingSince > 1000) process.exit(1);
    return;
  }
  endingSince = Date.now();
  await server.close();
  await origin.close();
};
process.on('SIGINT', end);
process.on('SIGTERM', end);

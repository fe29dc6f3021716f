// `npm start`: the friendly backend of the tests, three more that share a route, and ReverseIt in front of them. Runs
// from source, installed or not (see lib/from-source.mjs).

import { relative } from 'node:path';
import { createServer } from '@reverseit/node';
import { startFriendlyOrigin } from '@reverseit/test-servers/friendly-origin';
import { startDemoBackends } from './lib/demo-backends.mjs';
import { toolchain } from './lib/toolchain.mjs';

const host = '127.0.0.1';
const port = Number(process.env.PORT ?? 4000);
/** Of the status page. */
const adminPort = port + 1;

const [origin, demo] = await Promise.all([startFriendlyOrigin(), startDemoBackends()]);
/** @type {import('@reverseit/node').ReverseItServer} */
const server = createServer({
  admin: { listen: { host, port: adminPort } },
  routes: [{ backend: origin.url }, ...demo.routes(() => server.backends('/demo'))],
});
try {
  await server.listen({ host, port });
} catch (error) {
  const { cause } = /** @type {{ cause?: NodeJS.ErrnoException }} */ (error);
  console.error(
    cause?.code === 'EADDRINUSE'
      ? `Port ${port} or ${adminPort} is in use. Choose others: PORT=${port + 10} npm start`
      : error,
  );
  process.exit(1);
}

const url = `http://${host}:${port}`;
// The Node in the path may be older, and have no WebSocket.
const isOurs = process.execPath.startsWith(toolchain);
const node = isOurs ? relative(process.cwd(), process.execPath) : 'node';
console.log(`
ReverseIt is listening on ${url}, in front of a demo backend on ${origin.url}
Status page, live: http://${host}:${adminPort}

  curl -i ${url}/hello
  curl -i ${url}/api/items
  curl -i ${url}/api/items -H 'content-type: application/json' -d '{"name":"lamp"}'
  ${node} -e "new WebSocket('ws://${host}:${port}/ws').onopen = ({ target }) => {
    target.onmessage = ({ data }) => { console.log(data); target.close(); };
    target.send('hello');
  }"

Three backends share ${url}/demo. Stop the first, and no request fails:

  curl ${url}/demo/stop
  curl ${url}/demo
  curl ${url}/demo/state
  curl ${url}/demo/start

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
  await Promise.all([origin.close(), demo.close()]);
};
process.on('SIGINT', end);
process.on('SIGTERM', end);

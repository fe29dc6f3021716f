// Three backends for `npm start`, of which the first can be stopped and started while requests come.

import { once } from 'node:events';
import { createServer } from 'node:http';

class DemoBackend {
  /** @param {number} number */
  constructor(number) {
    this.name = `demo-${number}`;
    this.port = 0;
    /** @type {import('node:http').Server | null} */
    this.server = null;
  }

  /** Listens, on the port that it had before. */
  async start() {
    if (this.server !== null) return;
    const server = createServer((request, response) => {
      request.resume();
      response.setHeader('content-type', 'text/plain').end(`This is ${this.name}.\n`);
    });
    this.server = server;
    await once(server.listen(this.port, '127.0.0.1'), 'listening');
    const address = /** @type {import('node:net').AddressInfo} */ (server.address());
    this.port = address.port;
  }

  async stop() {
    const { server } = this;
    this.server = null;
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

/** Routes that show them: /demo, /demo/stop, /demo/start, /demo/state. */
export async function startDemoBackends() {
  const backends = [1, 2, 3].map((number) => new DemoBackend(number));
  await Promise.all(backends.map((backend) => backend.start()));
  const first = /** @type {DemoBackend} */ (backends[0]);
  return {
    /** @param {() => readonly { name: string, state: string, totalRequests: number }[]} states */
    routes: (states) => [
      {
        path: '/demo',
        backend: backends.map(({ name, port }) => ({ name, url: `http://127.0.0.1:${port}` })),
        // Soon enough to be seen.
        outlierDetection: { consecutiveFailures: 2, ejectionTime: 3000, maxEjectionTime: 3000 },
      },
      {
        path: '/demo/stop',
        async respond() {
          await first.stop();
          return { body: `Stopped ${first.name}.\n` };
        },
      },
      {
        path: '/demo/start',
        async respond() {
          await first.start();
          return { body: `Started ${first.name}.\n` };
        },
      },
      {
        path: '/demo/state',
        respond: () => ({
          body: states()
            .map(
              ({ name, state, totalRequests }) => `${name}: ${state}, ${totalRequests} requests\n`,
            )
            .join(''),
        }),
      },
    ],
    close: () => Promise.all(backends.map((backend) => backend.stop())),
  };
}

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { eventually } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { expect, test } from 'vitest';
import { echoTarget, Requests, type Rig, request, useRig } from '../../test/server-rig.ts';

const start = useRig();

/** A thread that can reset connections while this one, which would accept them, stands still. */
const clients = `
const { connect } = require('node:net');
const { parentPort, workerData: { done, text } } = require('node:worker_threads');
parentPort.once('message', ({ port, count }) => {
  let left = count;
  for (let i = 0; i < count; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.write(text, () => socket.resetAndDestroy());
    socket.on('close', () => {
      left--;
      if (left > 0) return;
      Atomics.store(done, 0, 1);
      Atomics.notify(done, 0);
    });
  }
});
parentPort.postMessage('ready');
`;

/** Resolves when so many clients have connected, sent a request and reset; none has been accepted then. */
async function resetInQueue({ server }: Rig, count: number): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const done = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { done, text: request('GET /') };
  const worker = new Worker(clients, { eval: true, workerData });
  await once(worker, 'message');
  worker.postMessage({ port, count });
  expect(Atomics.wait(done, 0, 0, 10_000)).not.toBe('timed-out');
  await worker.terminate();
}

for (const [how, options] of [
  ['plain', {}],
  ['TLS', { tls: testCertificates().server }],
] as const) {
  test(`${how}: no request of clients that were reset before they were accepted is served`, async () => {
    const requests = new Requests();
    const rig = await start(requests.listener, options);
    await resetInQueue(rig, 20);
    const { server } = rig;
    await eventually(() => server.stats().totalConnections === 20, 'all to be accepted');
    expect(server.stats()).toMatchObject({ connections: 0, totalExchanges: 0, totalRefusals: 0 });
    expect(requests.count).toBe(0);
  });
}

test('others are served as before', async () => {
  const rig = await start(echoTarget);
  await resetInQueue(rig, 1);
  const client = await rig.client();
  expect((await client.request(request('GET /after'))).text).toContain('/after');
});

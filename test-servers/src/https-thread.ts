/**
 * Node's https server in a thread of its own, which answers while the thread of the test is busy: over TLS a
 * response may then come before the end of its request's write is reported.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { KeyPair } from './certificates.ts';
import { closed, opened } from './registry.ts';

export interface HttpsThread {
  readonly port: number;
  close(): Promise<void>;
}

const program = `
const { createServer } = require('node:https');
const { parentPort, workerData } = require('node:worker_threads');
const server = createServer(workerData, (request, response) => {
  request.resume().on('end', () => response.end('hello\\n'));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** Answers every request with `hello`, once it is complete. */
export async function startHttpsThread({ key, cert }: KeyPair): Promise<HttpsThread> {
  const worker = new Worker(program, { eval: true, workerData: { key, cert } });
  const [port] = (await once(worker, 'message')) as [number];
  const thread: HttpsThread = {
    port,
    async close() {
      await worker.terminate();
      closed(thread);
    },
  };
  opened(thread, () => `https thread on port ${port}`);
  return thread;
}

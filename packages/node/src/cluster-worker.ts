/** What the worker processes of a cluster run: connects `ServingWorker` to the process. */
import cluster from 'node:cluster';
import { enveloped, messageIn, type ToWorker } from './cluster/messages.ts';
import { ServingWorker } from './cluster/serving-worker.ts';
import { loadConfigFile } from './config/config-file.ts';
import { createProxy } from './server/create-server.ts';

// A reader that went away is no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const worker = new ServingWorker({
  id: cluster.worker?.id ?? 0,
  // A primary that has gone is told of by `disconnect`.
  send(message, lost) {
    const onSent = (error: Error | null): void => {
      if (error !== null) lost?.();
    };
    if (process.connected) process.send?.(enveloped(message), onSent);
    else lost?.();
  },
  log: (line) => process.stderr.write(`${line}\n`),
  now: () => performance.now(),
  loadConfig: loadConfigFile,
  createServer: createProxy,
  exit: () => process.exit(),
});

process.on('message', (value) => {
  const message = messageIn<ToWorker>(value);
  if (message !== null) worker.onMessage(message);
});
process.once('SIGTERM', () => worker.close());
// A terminal sends these to the whole group; what follows from them, the primary decides.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => undefined);
cluster.worker?.once('disconnect', () => {
  // Otherwise Node ends the process here, and what is in progress with it.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  // Nobody hands connections over any more.
  worker.close({ delay: 0 });
});
process.send?.(enveloped({ kind: 'hello' }), () => undefined);

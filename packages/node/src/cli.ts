/** The `reverseit` command: connects `run` to the process. */
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { styleText } from 'node:util';
import { passedSockets } from './cli/passed-sockets.ts';
import { ReadyFile } from './cli/ready-file.ts';
import { run } from './cli/run.ts';
import type { Signal } from './cli/serve.ts';
import { loadConfigFile } from './config/config-file.ts';
import { createProxy } from './server/create-server.ts';
import { superviseWorkers } from './supervise-workers.ts';

// A reader that went away is no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const code = await run({
  args: process.argv.slice(2),
  version: packageVersion(),
  sockets: passedSockets(process.env, process.pid),
  // Not to a file or pipe, nor where NO_COLOR says so (no-color.org).
  bold: (text) => styleText('bold', text),
  print: (line) => process.stdout.write(`${line}\n`),
  log: (line) => process.stderr.write(`${line}\n`),
  now: () => performance.now(),
  readFile: (path) => readFileSync(path, 'utf8'),
  loadConfig: loadConfigFile,
  createServer: createProxy,
  readyFile: (path) => new ReadyFile(path),
  createCluster: superviseWorkers,
  onSignal(callback) {
    const listener = (signal: NodeJS.Signals): void => callback(signal as Signal);
    process.on('SIGINT', listener).on('SIGTERM', listener);
    return () => process.off('SIGINT', listener).off('SIGTERM', listener);
  },
  async stampOf(file) {
    try {
      // Also who may read it, and a copy that keeps the time of its content.
      const { mtimeMs, ctimeMs, ino, size } = await stat(file);
      return [mtimeMs, ctimeMs, ino, size].join();
    } catch {
      return 'missing';
    }
  },
  every(ms, callback) {
    const timer = setInterval(callback, ms).unref();
    return () => clearInterval(timer);
  },
  onHangup(callback) {
    process.on('SIGHUP', callback);
    return () => process.off('SIGHUP', callback);
  },
  onReopen(callback) {
    process.on('SIGUSR2', callback);
    return () => process.off('SIGUSR2', callback);
  },
});
process.exitCode = code;
// Cut short: what is in progress must not keep the process alive.
if (code > 2) process.exit();

/** This file is one folder below the package, as source and as built. */
function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

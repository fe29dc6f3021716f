/** The `reverseit` command: connects `run` to the process. */
import { readFileSync, type StatsListener, unwatchFile, watchFile } from 'node:fs';
import { wantsColor } from './cli/color.ts';
import { passedSockets } from './cli/passed-sockets.ts';
import { ReadyFile } from './cli/ready-file.ts';
import { run } from './cli/run.ts';
import type { Signal } from './cli/serve.ts';
import { loadConfigFile } from './config/config-file.ts';
import { createProxy } from './server/create-server.ts';
import { superviseWorkers } from './supervise-workers.ts';

// A reader that went away is no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** How often a watched file is polled, in ms. */
const watchInterval = 1000;

const code = await run({
  args: process.argv.slice(2),
  version: packageVersion(),
  sockets: passedSockets(process.env, process.pid),
  color: wantsColor(process.stdout.isTTY === true, process.env),
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
  watch(file, onChange) {
    const listener: StatsListener = (now, before) => {
      // Also who may read it, and a copy that keeps the time of its content.
      const isSame = now.mtimeMs === before.mtimeMs && now.ctimeMs === before.ctimeMs;
      if (!isSame || now.ino !== before.ino) onChange(file);
    };
    // By polling: what replaces a file, or what a link leads to, is seen by no event.
    watchFile(file, { interval: watchInterval, persistent: false }, listener);
    return () => unwatchFile(file, listener);
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

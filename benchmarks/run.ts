/**
 * Compares proxies side by side: CPU time of the proxy's process per request, in rounds that visit every
 * target, so that a machine whose speed drifts slows all of them. `npm run bench -- --help` says more.
 */
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runHttpLoad } from './load/http-load.ts';
import type { Ready, Usage } from './targets/protocol.ts';

const allTargets = ['relay', 'reverseit', 'http-proxy'];

const { values } = parseArgs({
  options: {
    targets: { type: 'string', default: allTargets.join(',') },
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '40000' },
    connections: { type: 'string', default: '50' },
    short: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run bench -- [--targets ${values.targets}] [--rounds 5] [--requests 40000]
                 [--connections 50] [--short]

Small GET with a browser's headers over keep-alive connections. Figures are CPU
microseconds of the proxy's process per request: median (min-max) over rounds.`);
  process.exit(0);
}

const rounds = values.short ? 1 : Number(values.rounds);
const requests = values.short ? 2000 : Number(values.requests);
const connections = Number(values.connections);
const canPin = spawnSync('taskset', ['-p', String(process.pid)]).status === 0;

/** A browser's eight headers. */
const request = Buffer.from(
  [
    'GET /hello?name=value HTTP/1.1',
    'Host: www.example.org',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language: en-US,en;q=0.5',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Connection: keep-alive',
    'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
    'Upgrade-Insecure-Requests: 1',
    '\r\n',
  ].join('\r\n'),
);

interface Target {
  readonly name: string;
  readonly port: number;
  usage(): Promise<Usage>;
  stop(): void;
}

async function start(name: string, args: readonly string[], core: number | null): Promise<Target> {
  const file = fileURLToPath(new URL(`targets/${name}.ts`, import.meta.url));
  const child = fork(file, args, { execArgv: process.execArgv });
  if (core !== null && canPin) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(child.pid)]);
  const ready = await message<Ready>(child);
  return {
    name,
    port: ready.port,
    usage: () => {
      child.send('usage');
      return message<Usage>(child);
    },
    stop: () => child.disconnect(),
  };
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (value) => {
      child.off('exit', onExit);
      resolve(value as T);
    });
  });
}

async function measure(target: Target, count: number): Promise<number> {
  const before = await target.usage();
  await runHttpLoad({ port: target.port, connections, requests: count, request });
  const after = await target.usage();
  return (after.cpu - before.cpu) / count;
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

if (canPin) spawnSync('taskset', ['-a', '-p', '-c', '0', String(process.pid)]);
const backend = await start('backend', [], 0);
const targets: Target[] = [];
for (const name of values.targets.split(',')) {
  targets.push(await start(name, [String(backend.port)], 1));
}
const figures = new Map<string, number[]>();
for (const target of targets) {
  await measure(target, Math.min(requests, 20000));
  figures.set(target.name, []);
}
for (let round = 1; round <= rounds; round++) {
  process.stderr.write(`round ${round} of ${rounds}\r`);
  for (const target of targets) figures.get(target.name)?.push(await measure(target, requests));
}
const floor = median(figures.get('relay') ?? []);
console.log(`CPU µs per request, median (min-max) of ${rounds} rounds of ${requests} requests`);
for (const [name, numbers] of figures) {
  const value = median(numbers);
  const range = `${Math.min(...numbers).toFixed(1)}-${Math.max(...numbers).toFixed(1)}`;
  console.log(
    `${name.padEnd(14)}${value.toFixed(1).padStart(8)}  (${range})  ${(value / floor).toFixed(2)} x relay`,
  );
}
for (const target of [...targets, backend]) target.stop();

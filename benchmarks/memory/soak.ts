/**
 * A soak run: mixed traffic through a proxy in a process of its own, with clients that leave and
 * backends that fail. Every byte is checked. Ends with 1 where one was wrong, where memory grew after
 * the warm-up, or where anything was left at the end. Short runs cannot tell whether RSS grows.
 *
 * node --conditions=@reverseit/source benchmarks/memory/soak.ts [--minutes 30 | --seconds 60]
 * [--clients 24] [--seed N] [--transport undici] [--transport direct]
 *
 * Clients are shared out among the transports, both by default.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startFriendlyOrigin } from '@reverseit/test-servers';
import { startMisbehavingOrigin } from '@reverseit/test-servers/misbehaving-origin';
import { percentile } from '../lib/statistics.ts';
import type { Ready } from '../targets/protocol.ts';
import type { Holdings } from '../targets/soak-proxy.ts';
import { type Tally, Worker } from './soak-traffic.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seconds: { type: 'string' },
    clients: { type: 'string', default: '24' },
    transport: { type: 'string', multiple: true, default: ['undici', 'direct'] },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
  },
});
const seconds = Number(values.seconds ?? Number(values.minutes) * 60);
const seed = Number(values.seed);
const MiB = 1024 * 1024;

/** What memory may grow by after the warm-up: by so much of it, and so many bytes. */
const mostGrowth = { share: 0.1, bytes: 16 * MiB };
/** The allocator keeps what it once needed, and takes minutes to have had its fill: in shorter runs only the heap is judged. */
const settledSeconds = 600;
/** What a process of these clients may have in any case. */
const mostRss = 300 * MiB;

async function ask(child: ChildProcess, what: 'holdings' | 'close'): Promise<Holdings> {
  child.send(what);
  const [answer] = (await once(child, 'message')) as [Holdings];
  return answer;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const median = (list: readonly number[]): number => percentile(list, 0.5);

const friendly = await startFriendlyOrigin();
const failing = await startMisbehavingOrigin({ maxRecords: 0, maxRecordedBytes: 0, guardMs: 2000 });
const soon = 1000;
const transports = values.transport;
const options = {
  backend: friendly.url,
  // A client chooses its transport by the name of it as the host.
  routes: transports.flatMap((transport) => [
    { host: transport, path: '/', pool: { transport } },
    {
      host: transport,
      path: '/bad',
      stripPath: '/bad',
      backend: failing.url,
      responseHeaderTimeout: soon,
      upstreamIdleTimeout: soon,
      pool: { poolSize: 20, transport },
    },
  ]),
};
const file = fileURLToPath(new URL('../targets/soak-proxy.ts', import.meta.url));
const proxy = fork(file, [JSON.stringify(options)], { execArgv: process.execArgv });
let over = false;
proxy.once('exit', (code, signal) => {
  if (over) return;
  console.log(`FAULT: the proxy ended with ${code ?? signal}`);
  process.exit(1);
});
const [{ port }] = (await once(proxy, 'message')) as [Ready];
const first = await ask(proxy, 'holdings');

console.log(`${seconds} s, ${values.clients} clients, ${transports.join(' and ')}, --seed ${seed}`);
const tally: Tally = { exchanges: {}, latencies: [], wrong: [], refused: 0 };
const start = performance.now();
const elapsed = (): number => (performance.now() - start) / 1000;
const done = (): boolean => elapsed() > seconds || tally.wrong.length > 20;
const workers = Array.from({ length: Number(values.clients) }, (_, nth) => {
  const host = transports[nth % transports.length] as string;
  return new Worker(port, host, tally, seed * 1000 + nth).run(done);
});

/** Memory after the warm-up, which is the first third. */
const samples: { readonly at: number; readonly rss: number; readonly heap: number }[] = [];
const every = Math.max(1000, (seconds * 1000) / 200);
let told = 0;
while (!done()) {
  await pause(every);
  const { rss, heap } = await ask(proxy, 'holdings');
  samples.push({ at: elapsed(), rss, heap });
  if (elapsed() - told > 60) {
    told = elapsed();
    console.log(
      `${told.toFixed(0)} s: ${(rss / MiB).toFixed(0)} MiB, heap ${(heap / MiB).toFixed(1)}`,
    );
  }
}
await Promise.all(workers);
const last = await ask(proxy, 'holdings');

const faults = [...tally.wrong];
for (const what of ['rss', 'heap'] as const) {
  const part = (from: number, to: number): number[] =>
    samples.filter(({ at }) => at >= seconds * from && at < seconds * to).map((one) => one[what]);
  const before = median(part(1 / 3, 2 / 3));
  const behind = median(part(2 / 3, 2));
  console.log(
    `${what}: ${(first[what] / MiB).toFixed(1)} MiB at first, ${(before / MiB).toFixed(1)} in the second third, ${(behind / MiB).toFixed(1)} in the last`,
  );
  const isSettled = what === 'heap' || seconds >= settledSeconds;
  const isMore = !(behind <= before * (1 + mostGrowth.share) + mostGrowth.bytes);
  if (isSettled && isMore) faults.push(`${what} grew`);
}
const peak = Math.max(...samples.map(({ rss }) => rss));
if (!(peak <= mostRss)) faults.push(`rss was ${(peak / MiB).toFixed(0)} MiB`);

// All clients have left; what failing backends hold ends with its timeouts.
let left = last;
for (let wait = 0; wait < 100 && busy(left) !== ''; wait += 1) {
  await pause(100);
  left = await ask(proxy, 'holdings');
}
if (busy(left) !== '') faults.push(`left: ${busy(left)}`);
const closed = await ask(proxy, 'close');
// The channel to this process keeps it alive, and nothing else does.
const remain = closed.resources.filter((kind) => !['PipeWrap', 'Pipe', 'TTYWrap'].includes(kind));
if (remain.length > 0) faults.push(`kept alive by ${remain.join(', ')}`);
const sockets = failing.openConnections;
if (sockets > 0) await pause(soon);
if (failing.openConnections > 0) faults.push(`${failing.openConnections} connections to a backend`);
over = true;
proxy.disconnect();
await friendly.close();
await failing.close();

function busy({ stats }: Holdings): string {
  const found = [`${stats.connections} connections`, `${stats.activeExchanges} exchanges`];
  found.push(`${stats.webSockets} WebSockets`);
  for (const { active, waiting, open, idle } of stats.pools) {
    found.push(`${active} active`, `${waiting} waiting`, `${open - idle} slots`);
  }
  return found.filter((text) => !text.startsWith('0 ')).join(', ');
}

const count = Object.values(tally.exchanges).reduce((sum, number) => sum + number, 0);
console.log(
  `${count} exchanges: ${Object.entries(tally.exchanges)
    .map(([kind, number]) => `${number} ${kind}`)
    .join(', ')}; ${tally.refused} refused`,
);
console.log(
  `GET of 1000 bytes: p50 ${median(tally.latencies).toFixed(2)} ms, p99 ${percentile(tally.latencies, 0.99).toFixed(2)} ms; ` +
    `${((last.cpu - first.cpu) / 1e4 / elapsed()).toFixed(0)} % of a core`,
);
for (const fault of faults.slice(0, 20)) console.log(`FAULT: ${fault}`);
console.log(faults.length === 0 ? 'no byte wrong, nothing left' : `${faults.length} faults`);
if (faults.length > 0 || tally.latencies.length === 0) process.exitCode = 1;

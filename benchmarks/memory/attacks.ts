/**
 * Attacks on the proxy, one after the other, each on a fresh one in a process of its own: what they cost
 * it in CPU time and memory, what it answers, and how an honest client is served meanwhile. Ends with 1
 * where a bound does not hold.
 *
 * node --conditions=@reverseit/source benchmarks/memory/attacks.ts [--only WORD] [--seconds 5] [--write]
 *
 * --write replaces results/attacks.md, if all bounds hold.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Subject, startNode } from '../lib/processes.ts';
import type { Counts } from './attacker.ts';
import { HonestClient, percentile } from './honest-client.ts';

interface Case {
  readonly name: string;
  /** Beside short timeouts. */
  readonly options?: object;
  /** Most that the proxy may grow by, in MiB. What comes at full speed is garbage until it is collected. */
  readonly mostMiB: number;
  /** What else must hold of the attack's connections; undefined where it does. */
  readonly fault?: (counts: Counts) => string | undefined;
}

/** Timeouts are short, so that the attack sees them; 2 s. */
const timeout = 2000;
const short = {
  requestHeaderTimeout: timeout,
  requestBodyReadTimeout: timeout,
  responseSendTimeout: timeout,
  maxRequestBodySize: 1_000_000_000,
};

/** Every connection got this answer, and none later than the timeout allows on a busy machine. */
const allAnswered =
  (answer: string) =>
  ({ connections, answers, lastEnd }: Counts): string | undefined =>
    answers[answer] !== connections || lastEnd > 2.2 * timeout
      ? `${answers[answer]} of ${connections} got ${answer}, the last after ${lastEnd} ms`
      : undefined;

/** Nothing but these answers was given, and some were. */
const onlyAnswers =
  (...allowed: readonly string[]) =>
  ({ answers }: Counts): string | undefined => {
    const seen = Object.keys(answers);
    return seen.length > 0 && seen.every((answer) => allowed.includes(answer))
      ? undefined
      : `answers ${JSON.stringify(answers)}`;
  };

const cases: readonly Case[] = [
  { name: 'slow heads', mostMiB: 60, fault: allAnswered('408') },
  { name: 'stalled bodies', mostMiB: 60, fault: allAnswered('408') },
  { name: 'dripping bodies', mostMiB: 60 },
  { name: 'long uploads that stall', mostMiB: 30, fault: allAnswered('408') },
  {
    name: 'uploads below the buffer',
    options: { maxBufferedRequestBytes: 64 * 1024 * 1024, pool: { poolSize: 400 } },
    mostMiB: 200,
  },
  { name: 'slow readers', options: { pool: { poolSize: 400 } }, mostMiB: 200 },
  { name: 'idle connections', mostMiB: 100, fault: allAnswered('408') },
  { name: 'endless header fields', mostMiB: 250, fault: onlyAnswers('431', '0') },
  { name: 'endless chunk extensions', mostMiB: 250, fault: onlyAnswers('400', '0') },
  {
    name: 'chunks of one byte',
    options: { maxRequestBodySize: 500_000 },
    mostMiB: 300,
    fault: onlyAnswers('413', '0'),
  },
  { name: 'pipelining without reading', mostMiB: 150 },
  { name: 'targets that are costly to judge', mostMiB: 150, fault: onlyAnswers('200', '400', '0') },
  { name: 'offers that are costly to judge', mostMiB: 250, fault: onlyAnswers('400') },
  { name: 'connect and leave', mostMiB: 100 },
  { name: 'upgrade and leave', mostMiB: 120 },
  { name: 'frames of one byte', mostMiB: 250 },
  { name: 'fragments of nothing', mostMiB: 250 },
  { name: 'pings', mostMiB: 300 },
  { name: 'deflate bombs', options: { websocketCompress: true }, mostMiB: 250 },
];

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const MiB = 1024 * 1024;

async function attack(name: string, port: number): Promise<Counts> {
  const file = fileURLToPath(new URL('attacker.ts', import.meta.url));
  const child = fork(file, [name, String(port), String(seconds)], { execArgv: process.execArgv });
  const [counts] = (await once(child, 'message')) as [Counts];
  if (child.exitCode === null) await once(child, 'exit');
  return counts;
}

/** Asks for memory until it is told to stop; resolves with the most. */
async function peak(proxy: Subject, under: { way: boolean }): Promise<number> {
  let most = 0;
  while (under.way) {
    most = Math.max(most, (await proxy.usage()).rss);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return most;
}

/** What one attack did. */
interface Figures {
  readonly name: string;
  readonly connections: number;
  /** Of a core. */
  readonly cpuPercent: number;
  readonly grownMiB: number;
  /** Of the honest client, in ms. */
  readonly p50: number;
  readonly p99: number;
  readonly served: number;
  readonly answers: Counts['answers'];
  readonly faults: readonly string[];
}

async function run(one: Case, backend: Subject): Promise<Figures> {
  // The honest client has a backend of its own, which is not under attack.
  const url = `http://127.0.0.1:${honestBackend.port}`;
  const routes = [{ path: '/' }, { path: '/honest', stripPath: '/honest', backend: url }];
  const options = JSON.stringify({ ...short, ...one.options, routes });
  const proxy = await startNode('reverseit', [String(backend.port), options], null);
  // The first requests pay for code that is compiled once.
  const warm = new HonestClient(proxy.port);
  setTimeout(() => warm.stop(), 500);
  await warm.run();
  const before = await proxy.usage();
  const honest = new HonestClient(proxy.port);
  const served = honest.run();
  const under = { way: true };
  const most = peak(proxy, under);
  const start = performance.now();
  const counts = await attack(one.name, proxy.port);
  const elapsed = performance.now() - start;
  under.way = false;
  honest.stop();
  await served;
  const grown = ((await most) - before.rss) / MiB;
  const after = await proxy.usage();
  await proxy.stop();

  const faults = [
    one.fault?.(counts),
    honest.failures > 0 ? `${honest.failures} honest requests failed` : undefined,
    honest.latencies.length === 0 ? 'no honest request was served' : undefined,
    grown > one.mostMiB ? `grew by more than ${one.mostMiB} MiB` : undefined,
  ].filter((fault) => fault !== undefined);
  return {
    name: one.name,
    connections: counts.connections,
    cpuPercent: (after.cpu - before.cpu) / 10 / elapsed,
    grownMiB: grown,
    p50: percentile(honest.latencies, 0.5),
    p99: percentile(honest.latencies, 0.99),
    served: honest.latencies.length,
    answers: counts.answers,
    faults,
  };
}

const cellsOf = (figures: Figures): string[] => [
  figures.name,
  String(figures.connections),
  `${figures.cpuPercent.toFixed(0)} %`,
  `${figures.grownMiB.toFixed(0)} MiB`,
  String(figures.served),
  `${figures.p50.toFixed(1)} ms`,
  `${figures.p99.toFixed(1)} ms`,
  Object.entries(figures.answers)
    .map(([answer, count]) => `${count} × ${answer}`)
    .join(', '),
];
const titles = ['attack', 'clients', 'CPU', 'memory', 'served', 'p50', 'p99', 'answers'];
const widths = [34, 8, 7, 9, 7, 10, 10, 0];
const line = (cells: readonly string[]): string =>
  cells
    .map((cell, nth) => (nth === 0 ? cell.padEnd(34) : cell.padStart(widths[nth] ?? 0)))
    .join(' ');

/** The figures as a page, with the machine that they are of. */
function page(all: readonly Figures[]): string {
  const [processor] = cpus();
  const rows = all.map((figures) => `| ${cellsOf(figures).join(' | ')} |`);
  return `# Attacks on ${new Date().toISOString().slice(0, 10)}

${processor?.model ?? 'unknown processor'}, ${cpus().length} cores; Node.js ${process.version}; made by \`npm run attacks -- --write\`.

Each attack lasts ${seconds} s, on a fresh proxy with timeouts of ${timeout / 1000} s. CPU is the proxy's share of a core, which
attackers and backends share with it. Memory is the most by which its RSS grew meanwhile. An honest client
asks for 1000 bytes every 10 ms, every other time over a new connection: how many it was served, all of them
complete, and how soon. Answers are those to the attackers: statuses, close codes, 0 for none.

| ${titles.join(' | ')} |
| --- |${' ---: |'.repeat(6)} --- |
${rows.join('\n')}
`;
}

const backend = await startNode('backend', [], null);
const honestBackend = await startNode('backend', [], null);
console.log(line(titles));
const all: Figures[] = [];
for (const one of cases) {
  if (!one.name.includes(values.only)) continue;
  const figures = await run(one, backend);
  all.push(figures);
  console.log(line(cellsOf(figures)));
  for (const fault of figures.faults) console.log(`  FAULT: ${fault}`);
  if (figures.faults.length > 0) process.exitCode = 1;
}
await backend.stop();
await honestBackend.stop();
if (values.write && process.exitCode !== 1)
  writeFileSync(new URL('../results/attacks.md', import.meta.url), page(all));

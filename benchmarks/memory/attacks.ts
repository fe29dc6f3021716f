/**
 * Attacks on the proxy, one after the other, each on a fresh one in a process of its own: what they cost
 * it in CPU time and memory, what it answers, and how an honest client is served meanwhile. Ends with 1
 * where a bound does not hold.
 *
 * node --conditions=@reverseit/source benchmarks/memory/attacks.ts [--only WORD] [--seconds 5]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
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

const pad = (text: string, width: number): string => text.padStart(width);

/** Runs one; false where a bound does not hold. */
async function run(one: Case, backend: Subject): Promise<boolean> {
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
  const cpu = (after.cpu - before.cpu) / 10 / elapsed;
  console.log(
    `${one.name.padEnd(34)}${pad(String(counts.connections), 8)}${pad(`${cpu.toFixed(0)} %`, 7)}` +
      `${pad(`+${grown.toFixed(0)} MiB`, 10)}${pad(percentile(honest.latencies, 0.5).toFixed(1), 8)}` +
      `${pad(percentile(honest.latencies, 0.99).toFixed(1), 8)}  ${JSON.stringify(counts.answers)}`,
  );
  for (const fault of faults) console.log(`  FAULT: ${fault}`);
  return faults.length === 0;
}

const backend = await startNode('backend', [], null);
const honestBackend = await startNode('backend', [], null);
console.log(
  `${'attack'.padEnd(34)}${pad('clients', 8)}${pad('CPU', 7)}${pad('memory', 10)}${pad('p50', 8)}${pad('p99 ms', 8)}  answers`,
);
for (const one of cases) {
  if (one.name.includes(values.only) && !(await run(one, backend))) process.exitCode = 1;
}
await backend.stop();
await honestBackend.stop();

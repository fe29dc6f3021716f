/**
 * Compares proxies side by side: CPU time of the proxy per unit of work, in rounds that visit every
 * target, so that a machine whose speed drifts slows all of them. `npm run bench -- --help` says more.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { canPin, pin, type Subject, startNode } from './lib/processes.ts';
import {
  type Figure,
  machine,
  type Report,
  type ScenarioReport,
  terminalTable,
  writeReport,
} from './lib/report.ts';
import { summarize } from './lib/statistics.ts';
import { type Target, targets, variants } from './lib/targets.ts';
import { type Scenario, scenarios } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    target: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    short: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run bench -- [--scenario NAME]… [--target NAME]… [--rounds 5] [--short] [--write]

Scenarios: ${scenarios.map(({ name }) => name).join(', ')}
Targets:   ${targets.map(({ name }) => name).join(', ')}
Variants, only when named: ${variants.map(({ name }) => `"${name}"`).join(', ')}

--short runs one small round, to see that everything works. --write replaces
benchmarks/results by the figures of this run.`);
  process.exit(0);
}

const rounds = values.short ? 1 : Number(values.rounds);
const scale = values.short ? 0.02 : 1;
/** The proxy has a core of its own where there are two. */
const cores = canPin ? { others: 0, proxy: 1 } : { others: null, proxy: null };

const chosenScenarios = choose('scenario', scenarios, values.scenario, scenarios);
const chosenTargets = choose('target', [...targets, ...variants], values.target, targets);

function choose<T extends { readonly name: string }>(
  what: string,
  all: readonly T[],
  names: readonly string[] | undefined,
  usual: readonly T[],
): readonly T[] {
  if (names === undefined) return usual;
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) {
    console.error(`there is no ${what} ${unknown}; --help lists them`);
    process.exit(2);
  }
  return names.flatMap((name) => all.filter((one) => one.name === name));
}

interface Samples {
  readonly cpu: number[];
  readonly perSecond: number[];
  readonly p50: number[];
  readonly p99: number[];
  rss: number;
}

async function measure(scenario: Scenario, subject: Subject, samples: Samples): Promise<void> {
  const amount = Math.max(50, Math.round(scenario.amount * scale));
  const before = await subject.usage();
  const result = await scenario.run(subject.port, amount);
  const after = await subject.usage();
  samples.cpu.push((after.cpu - before.cpu) / amount);
  samples.perSecond.push(result.requestsPerSecond);
  samples.p50.push(result.p50);
  samples.p99.push(result.p99);
  samples.rss = Math.max(samples.rss, after.rss);
}

async function compare(scenario: Scenario, all: readonly Target[]): Promise<ScenarioReport> {
  const backend = await startNode('backend', [], cores.others);
  const served = all.filter(({ lacks }) => !lacks.includes(scenario.name));
  const subjects: Subject[] = [];
  for (const target of served) subjects.push(await target.start(backend.port, cores.proxy));
  const samples = subjects.map(
    (): Samples => ({ cpu: [], perSecond: [], p50: [], p99: [], rss: 0 }),
  );
  const warmUp = Math.max(50, Math.round(scenario.amount * scale * 0.5));
  for (const subject of subjects) await scenario.run(subject.port, warmUp);
  for (let round = 1; round <= rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      process.stderr.write(
        `\r\x1b[K${scenario.name}: round ${round} of ${rounds}, ${subject.name}`,
      );
      await measure(scenario, subject, samples[i] as Samples);
    }
  }
  process.stderr.write('\r\x1b[K');
  for (const subject of [...subjects, backend]) await subject.stop();
  const figures = subjects.map(({ name }, i): Figure => {
    const { cpu, perSecond, p50, p99, rss } = samples[i] as Samples;
    return {
      target: name,
      cpu: summarize(cpu),
      perSecond: summarize(perSecond),
      p50: summarize(p50),
      p99: summarize(p99),
      rss,
    };
  });
  const { name, title, unit, amount } = scenario;
  return { name, title, unit, amount: Math.round(amount * scale), figures };
}

/** Versions of what is compared, from the manifest of this folder. */
function versions(): Record<string, string> {
  const text = readFileSync(new URL('package.json', import.meta.url), 'utf8');
  const { devDependencies = {} } = JSON.parse(text) as { devDependencies?: Record<string, string> };
  return Object.fromEntries(
    Object.entries(devDependencies).filter(
      ([name]) => !name.startsWith('@types/') && !name.startsWith('@reverseit/'),
    ),
  );
}

pin(process.pid, cores.others);
const reports: ScenarioReport[] = [];
for (const scenario of chosenScenarios) {
  const report = await compare(scenario, chosenTargets);
  reports.push(report);
  console.log(terminalTable(report));
}
const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  machine: machine(),
  node: process.version,
  versions: versions(),
  rounds,
  scenarios: reports,
};
if (values.write) writeReport(new URL('results/', import.meta.url), report);

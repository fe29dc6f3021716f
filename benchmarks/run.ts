/** Compares proxies side by side; `npm run bench -- --help` says more. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { failedPrefix } from './lib/bench.ts';
import { commit, machine, system, versions } from './lib/machine.ts';
import { availability } from './lib/perf.ts';
import { planned, profileOf } from './lib/plan.ts';
import { pin, shareCores } from './lib/processes.ts';
import { profileFolder } from './lib/profile.ts';
import { createProgress, roughly } from './lib/progress.ts';
import { withFigures } from './lib/readme-figures.ts';
import { writeResults } from './lib/report.ts';
import type { Results, Section } from './lib/results.ts';
import { plainText, tablesOf } from './lib/tables.ts';
import { targets } from './lib/targets.ts';
import { scenarios } from './scenarios/index.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    target: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    scale: { type: 'string' },
    short: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run bench -- [--scenario NAME]… [--target NAME]… [--rounds 3] [--scale 1] [--short] [--write]

Scenarios: ${planned.map(({ name }) => name).join(', ')}
Targets:   ${targets.map(({ name }) => name).join(', ')}

--scale    makes rounds, and the warm-up, shorter or longer: 0.5 is half of the usual
--short    does one small round, to see that everything works
--profile  profiles the scenarios instead (get); it leaves CPU profiles in ${profileFolder}
--write    replaces benchmarks/results by the figures of this run, and those in README.md`);
  process.exit(0);
}

const rounds = values.short ? 1 : Number(values.rounds ?? 3);
if (!Number.isInteger(rounds) || rounds < 1) refuse(`--rounds takes a number from 1`);
const scale = values.short ? 0.02 : Number(values.scale ?? 1);
if (!(scale > 0 && scale <= 10)) refuse(`--scale takes a number up to 10`);
const chosenTargets = choose('target', targets, values.target);
const wanted = values.profile
  ? choose('scenario', scenarios, values.scenario ?? ['get']).map(profileOf)
  : choose('scenario', planned, values.scenario);
const chosenScenarios = wanted.filter((scenario) => scenario.concerns(chosenTargets));
if (chosenScenarios.length === 0) refuse('these scenarios are not for these targets');

/** Those of the names, in the usual order; all where there are no names. */
function choose<T extends { readonly name: string }>(
  what: string,
  all: readonly T[],
  names: readonly string[] | undefined,
): readonly T[] {
  if (names === undefined) return all;
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) refuse(`there is no ${what} ${unknown}; --help lists them`);
  return all.filter(({ name }) => names.includes(name));
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

// What runs is ended on exit, which a signal alone is not.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const total = chosenScenarios
  .map((scenario) => scenario.seconds(chosenTargets, rounds) * scale)
  .reduce((sum, seconds) => sum + seconds, 0);
const cores = shareCores();
pin(process.pid, cores.generator);
const progress = createProgress(total, process.stderr);
const bench = { rounds, scale, cores, progress };
const date = new Date().toISOString();
const started = performance.now();
const sections: Section[] = [];
console.log(availability.said);
if (!values.short) console.log(`This takes ${roughly(total)} on a machine that is not too slow.\n`);
for (const scenario of chosenScenarios) {
  const section = await scenario.measure(chosenTargets, bench);
  sections.push(section);
  progress.clear();
  console.log(`${section.title}\n${tablesOf(section).map(plainText).join('\n')}`);
}
if (values.profile) console.log(`The profiles are in ${profileFolder}.`);

if (values.write) {
  const results: Results = {
    date,
    machine: machine(),
    system: system(),
    versions: versions(),
    commit: commit(),
    counters: availability.said,
    seconds: (performance.now() - started) / 1000,
    sections,
  };
  writeResults(new URL('results/', import.meta.url), results);
  const readme = new URL('../README.md', import.meta.url);
  writeFileSync(readme, withFigures(readFileSync(readme, 'utf8'), results));
}
const failed = sections.some(({ missing }) =>
  missing.some(({ reason }) => reason.startsWith(failedPrefix)),
);
if (failed) process.exitCode = 1;

/**
 * What one client can do to all others: floods against ReverseIt over both transports, and against nginx and
 * HAProxy where they are installed. `npm run attacks -- --help` says more.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pin, shareCores } from '../lib/processes.ts';
import { faultsOf } from './bounds.ts';
import { openCast } from './cast.ts';
import { checkFloods } from './check.ts';
import { floods } from './floods.ts';
import { type Measured, measure } from './measure.ts';
import { type Found, headLine, linesOf, page } from './report.ts';
import { targets } from './targets.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    target: { type: 'string', multiple: true },
    seconds: { type: 'string' },
    check: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run attacks -- [--only WORD]… [--target NAME]… [--seconds 0.75] [--check | --write]

Floods:  ${floods.map(({ name }) => name).join('; ')}
Targets: ${targets.map(({ name }) => name).join(', ')}

--only     those whose names have one of these words in them
--seconds  that the victim is watched in, for each flood, target, and number of connections
--check    in short, against ReverseIt alone: that no turn of the event loop is long and memory stays small
--write    replaces benchmarks/results/attacks.md

Ends with 1 where a bound does not hold.`);
  process.exit(0);
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

const words = values.only ?? [''];
const chosen = floods.filter(({ name }) => words.some((word) => name.includes(word)));
if (chosen.length === 0) refuse(`no flood has such a name; --help lists them`);
const unknown = values.target?.find((name) => !targets.some((target) => target.name === name));
if (unknown !== undefined) refuse(`there is no target ${unknown}; --help lists them`);
const attacked = targets.filter(({ name }) => values.target?.includes(name) ?? true);
const seconds = Number(values.seconds ?? (values.check ? 0.25 : 0.75));
if (!(seconds > 0)) refuse('--seconds takes a number above 0');
const partial = values.only !== undefined || values.target !== undefined;
if (values.write && (partial || values.check)) refuse('--write is for a whole run');

// What runs is ended on exit, which a signal alone is not.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const started = performance.now();
const cores = values.check ? { proxy: null, backend: null, generator: null } : shareCores();
pin(process.pid, cores.generator);
const cast = await openCast(cores);
const hold = values.check ? await checkFloods(chosen, attacked, seconds, cast) : await measureAll();
await cast.stop();
console.log(`\n${Math.round((performance.now() - started) / 1000)} s`);
process.exitCode = hold ? 0 : 1;

/** Whether all bounds hold. */
async function measureAll(): Promise<boolean> {
  const all: Found[] = [];
  console.log(headLine);
  for (const flood of chosen) {
    const by = new Map<string, Measured | Error>();
    for (const target of attacked) {
      if (!target.takes(flood)) continue;
      const found = await measure(target, flood, seconds, cast, cores.proxy).catch(asError);
      by.set(target.name, found);
      for (const line of linesOf(flood, target.name, found, target.ours)) console.log(line);
    }
    all.push({ flood, by });
  }
  const ours = targets.filter((target) => target.ours).map(({ name }) => name);
  if (values.write)
    writeFileSync(new URL('../results/attacks.md', import.meta.url), page(all, ours));
  return all.every(({ flood, by }) =>
    [...by].every(
      ([name, found]) =>
        !ours.includes(name) || (!(found instanceof Error) && faultsOf(found, flood).length === 0),
    ),
  );
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Micro-benchmarks of what is done for each request or frame: `npm run bench:micro`. */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { do_not_optimize, measure } from 'mitata';
import { plainText, type Table } from '../lib/tables.ts';
import { inTurn, type MicroCase } from './case.ts';
import { deadlineCases } from './deadline-cases.ts';
import { httpCases } from './http-cases.ts';
import { webSocketCases } from './websocket-cases.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run bench:micro -- [--only WORD] [--short]

--only   those whose names contain the word
--short  does each for a moment only, to see that everything works`);
  process.exit(0);
}

/** What the harness itself costs: every other figure contains it. */
const nothing: MicroCase = (() => {
  const next = inTurn([0, 1, 2, 3]);
  return { name: '(nothing)', bytes: 0, run: () => do_not_optimize(next()) };
})();

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
/** In ns. */
const budget = values.short ? 1e6 : 6e8;

const chosen = [nothing, ...httpCases(), ...webSocketCases(), ...deadlineCases()].filter(
  ({ name }) => name.includes(values.only ?? ''),
);
if (chosen.length === 0) {
  console.error(`no name contains ${values.only}`);
  process.exit(2);
}

const rows: string[][] = [];
for (const { name, bytes, run } of chosen) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name}`);
  // mitata looks at the first calls to choose a batch, before V8 has compiled anything.
  for (let i = 0; i < 200; i++) run();
  const { p50, min, p99 } = await measure(() => run(), { min_cpu_time: budget, gc });
  const speed = bytes === 0 ? '–' : (bytes / p50).toFixed(2);
  rows.push([name, nanoseconds(p50), nanoseconds(min), nanoseconds(p99), speed]);
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
const table: Table = {
  head: ['a call of', 'median ns', 'min ns', 'p99 ns', 'GB/s'],
  rows,
  notes: [],
};
console.log(plainText(table));

function nanoseconds(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

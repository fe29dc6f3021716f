/** Policies compared, and many replicas before many backends, simulated: `npm run bench:balance -- --write`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compared, policyScenarios, simulatePolicy } from './policies.ts';
import { simulateFleet, simulateHash, simulateSubset, sizes } from './replicas.ts';
import { drawing, page } from './report.ts';

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run bench:balance -- [--write]

--write  replaces benchmarks/results/balance.md and balance.svg

The same figures on every machine: nothing is measured, all is simulated from one seed.`);
  process.exit(0);
}

const found = {
  policies: policyScenarios.map((scenario) => ({
    scenario,
    results: compared.map((policy) => simulatePolicy(policy, scenario)),
  })),
  subsets: sizes.map((size) => simulateSubset(size)),
  hash: simulateHash(),
  fleets: [0, ...sizes].map((size) => simulateFleet(size)),
};
const text = page(found);
console.log(text);
if (values.write) {
  const results = (name: string) => fileURLToPath(new URL(`../results/${name}`, import.meta.url));
  writeFileSync(results('balance.md'), text);
  writeFileSync(results('balance.svg'), drawing(found));
}

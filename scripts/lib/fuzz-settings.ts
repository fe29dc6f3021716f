/** What `npm run fuzz` changes in every property test, and how it saves what failed. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';

/** Reads the settings from the environment, where `scripts/fuzz.mjs` has put them. */
export function configureFuzzing(): void {
  const {
    REVERSEIT_FUZZ_RUNS: runs,
    REVERSEIT_FUZZ_SECONDS: seconds,
    REVERSEIT_FUZZ_SEED: seed,
    REVERSEIT_FUZZ_PATH: path,
  } = process.env;
  fc.configureGlobal({
    numRuns: Number(runs),
    ...(seconds === undefined ? {} : { interruptAfterTimeLimit: Number(seconds) * 1000 }),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
    reporter: report,
  });
}

/** Fails the test as fast-check does, and saves what it takes to see it again. */
function report(details: fc.RunDetails<unknown>): void {
  if (!details.failed) return;
  const folder = process.env.REVERSEIT_FUZZ_FOLDER;
  if (folder !== undefined) save(details, folder);
  throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
}

function save({ seed, counterexample, ...details }: fc.RunDetails<unknown>, folder: string): void {
  const { testPath = '', currentTestName: test = '' } = expect.getState();
  const file = relative(process.cwd(), testPath);
  const digest = createHash('sha256').update(`${file} ${test} ${seed}`).digest('hex');
  const found = {
    file,
    test,
    seed,
    path: details.counterexamplePath,
    counterexample: fc.stringify(counterexample),
    error: String(details.errorInstance),
  };
  writeFileSync(join(folder, `${digest.slice(0, 12)}.json`), `${JSON.stringify(found, null, 2)}\n`);
}

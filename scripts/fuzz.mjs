// The property tests for as long as wanted, round after round with other seeds:
//
//   npm run fuzz -- [--minutes N | --seconds N | --runs N] [--seed N] [filter…]
//   npm run fuzz -- --replay .fuzz/FILE.json
//
// Without a time each property has so many runs, 20,000 by default. A failure is shrunk and saved in
// .fuzz/, with its seed and counterexample; --replay runs that one again. When it
// is understood it becomes a case of a test or of the corpus.

import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { run } from './lib/process.mjs';
import { root } from './lib/toolchain.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string' },
    replay: { type: 'string' },
  },
});
const folder = `${root}/.fuzz`;
/** Properties at a time, and about how many there are. */
const workers = 2;
const properties = 60;
/** Time of one property in one round, in seconds. */
const longest = 10;

/** @param {string[]} args @param {Record<string, string>} settings */
const vitest = (args, settings) =>
  run('vitest', ['run', '--testTimeout=0', '--hookTimeout=0', ...args], {
    cwd: root,
    env: { ...process.env, ...settings, REVERSEIT_FUZZ_FOLDER: folder },
    shell: process.platform === 'win32',
  });

const saved = () => (existsSync(folder) ? readdirSync(folder) : []);
const seeds = 2 ** 31;
const firstSeed = Number(values.seed ?? randomInt(seeds));

/** @param {string} file */
const replay = (file) => {
  const found = JSON.parse(readFileSync(file, 'utf8'));
  const name = found.test.replaceAll(' > ', ' ').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return vitest([found.file, '-t', name], {
    REVERSEIT_FUZZ_RUNS: '1',
    REVERSEIT_FUZZ_SEED: String(found.seed),
    REVERSEIT_FUZZ_PATH: found.path,
  });
};

/** @param {number} seconds */
const rounds = async (seconds) => {
  const end = Date.now() + seconds * 1000;
  for (let round = 1; Date.now() < end; round += 1) {
    const seed = String((firstSeed + round - 1) % seeds);
    const left = (end - Date.now()) / 1000;
    const each = Math.max(0.2, Math.min(longest, (left * workers) / properties));
    console.log(`\nround ${round}: --seed ${seed}, ${each.toFixed(1)} s for a property`);
    const code = await vitest(positionals, {
      REVERSEIT_FUZZ_RUNS: '1000000000',
      REVERSEIT_FUZZ_SEED: seed,
      REVERSEIT_FUZZ_SECONDS: String(each),
    });
    if (code !== 0) return code;
  }
  return 0;
};

mkdirSync(folder, { recursive: true });
const before = new Set(saved());
const seconds = Number(values.seconds ?? Number(values.minutes ?? 0) * 60);
const started = Date.now();
if (values.replay !== undefined) process.exitCode = await replay(values.replay);
else if (seconds > 0) process.exitCode = await rounds(seconds);
else {
  console.log(`--seed ${firstSeed}, ${values.runs} runs`);
  process.exitCode = await vitest(positionals, {
    REVERSEIT_FUZZ_RUNS: values.runs,
    REVERSEIT_FUZZ_SEED: String(firstSeed),
  });
}
for (const name of saved()) if (!before.has(name)) console.log(`saved: .fuzz/${name}`);
console.log(`fuzzed for ${((Date.now() - started) / 1000).toFixed(0)} s`);

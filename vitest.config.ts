import { defineConfig } from 'vitest/config';

// Tests run against source: workspace packages resolve through this condition
// of their exports map. The built packages are the concern of check-packages.
const conditions = ['@reverseit/source', 'module', 'node', 'development|production'];

// `npm run fuzz` is for the property tests alone.
const tests = process.env.REVERSEIT_FUZZ_RUNS === undefined ? '.test.ts' : '.fuzz.test.ts';

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: [
      `packages/*/src/**/*${tests}`,
      `packages/*/test/**/*${tests}`,
      `test-servers/**/*${tests}`,
      `examples/**/*${tests}`,
      `scripts/**/*${tests}`,
    ],
    setupFiles: ['./scripts/vitest-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Above the guards of test-servers (10 s), which say what never came.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A flaky test is a bug.
    retry: 0,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
  },
});

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Tests run against source: workspace packages resolve through this condition
// of their exports map. The built packages are the concern of check-packages.
const conditions = ['@reverseit/source', 'module', 'node', 'development|production'];

// `npm run fuzz` is for the property tests alone.
const fuzzing = process.env.REVERSEIT_FUZZ_RUNS !== undefined;
const tests = fuzzing ? '.fuzz.test.ts' : '.test.ts';

const include = [
  `packages/*/src/**/*${tests}`,
  `packages/*/page/**/*${tests}`,
  `packages/*/test/**/*${tests}`,
  `test-servers/**/*${tests}`,
  `benchmarks/**/*${tests}`,
  `examples/**/*${tests}`,
  `test-frameworks/**/*${tests}`,
  `scripts/**/*${tests}`,
];

// What a backend can see or do is tested over both transports.
const transportTests = [
  'packages/upstream/test/*.test.ts',
  'packages/node/test/middleware-{early,fields}.test.ts',
  'test-frameworks/middleware.test.ts',
  'packages/node/test/{corpus,elixir-parity,faults,hook,http,metrics-counts,transports,websocket}*.test.ts',
];

// The one constant that says which transport a pool has by default.
const directTransport = fileURLToPath(
  new URL('packages/upstream/test/direct-transport.ts', import.meta.url),
);
const direct = {
  extends: true as const,
  resolve: {
    alias: [{ find: /^\.\/default-transport\.ts$/, replacement: directTransport }],
  },
  test: { name: 'direct', include: transportTests, env: { REVERSEIT_TRANSPORT: 'direct' } },
};

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    projects: [
      { extends: true, test: { name: 'undici', include } },
      // Generators of the property tests know no transport.
      ...(fuzzing ? [] : [direct]),
    ],
    setupFiles: ['./scripts/vitest-setup.ts'],
    pool: 'forks',
    // Twice the cores of a small machine: tests wait for sockets and processes more than they compute.
    maxWorkers: 4,
    // Above the guards of test-servers (20 s), which say what never came.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A flaky test is a bug.
    retry: 0,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
    // What is released twice, or used after, fails its test (core/src/io/lease.ts).
    env: { REVERSEIT_DEBUG_LEASES: 'on' },
  },
});

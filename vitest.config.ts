import { defineConfig } from 'vitest/config';

// Tests run against source: workspace packages resolve through this condition
// of their exports map. The built packages are the concern of check-packages.
const conditions = ['@reverseit/source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'test-servers/**/*.test.ts',
      'examples/**/*.test.ts',
      'scripts/**/*.test.ts',
    ],
    setupFiles: ['./scripts/vitest-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A flaky test is a bug.
    retry: 0,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
  },
});

import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => vi.resetModules());

async function read(env: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  vi.resetModules();
  return (await import('./switches.ts')).switches;
}

test.each([
  [{}, { leaseChecks: false, nodeInternals: true }],
  [{ REVERSEIT_DEBUG_LEASES: 'on' }, { leaseChecks: true, nodeInternals: true }],
  [{ REVERSEIT_NODE_INTERNALS: 'off' }, { leaseChecks: false, nodeInternals: false }],
  [{ REVERSEIT_NODE_INTERNALS: 'no' }, { leaseChecks: false, nodeInternals: true }],
])('%j', async (env, expected) => {
  expect(await read({ REVERSEIT_DEBUG_LEASES: '', REVERSEIT_NODE_INTERNALS: '', ...env })).toEqual(
    expected,
  );
});

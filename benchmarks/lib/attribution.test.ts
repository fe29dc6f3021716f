import { describe, expect, it } from 'vitest';
import {
  attribute,
  type CpuProfile,
  garbageGroup,
  groupOf,
  nativeGroup,
  nodeGroup,
} from './attribution.ts';

describe('groupOf', () => {
  it.each([
    ['a source of ours', 'f', 'file:///x/packages/core/src/http1/a.ts', '@reverseit/core'],
    ['a build of ours', 'f', 'file:///x/packages/node/dist/main.js', '@reverseit/node'],
    [
      'undici, as pnpm installs it',
      'f',
      'file:///x/node_modules/.pnpm/undici@8.1.0/node_modules/undici/lib/a.js',
      'undici',
    ],
    [
      'a package with a scope',
      'f',
      'file:///x/node_modules/@fastify/http-proxy/index.js',
      '@fastify/http-proxy',
    ],
    ['Node', 'f', 'node:internal/streams/writable', nodeGroup],
    ['the collector', '(garbage collector)', '', garbageGroup],
    ['native code outside of functions', '(program)', '', nativeGroup],
    ['a function of a binding', 'writev', '', nativeGroup],
    ['a script of nobody', 'f', 'file:///x/benchmarks/targets/relay.ts', 'other'],
    ['WebAssembly, which is its caller’s', 'wasm-function[3]', 'wasm://wasm/0123', null],
  ])('%s', (_, name, url, group) => {
    expect(groupOf(name, url)).toBe(group);
  });
});

describe('attribute', () => {
  const frame = (functionName: string, url = '', lineNumber = 0) => ({
    functionName,
    url,
    lineNumber,
  });
  const parser = 'file:///x/packages/core/src/parser.ts';
  /** (root) → read → wasm, (root) → read again, (root) → (idle), (root) → write. */
  const profile: CpuProfile = {
    nodes: [
      { id: 1, callFrame: frame('(root)'), children: [2, 4, 5, 6] },
      { id: 2, callFrame: frame('read', parser), children: [3] },
      { id: 3, callFrame: frame('wasm-function[1]', 'wasm://wasm/01') },
      { id: 4, callFrame: frame('(idle)') },
      { id: 5, callFrame: frame('', 'node:net') },
      { id: 6, callFrame: frame('read', parser) },
    ],
    samples: [2, 3, 4, 5, 6],
    timeDeltas: [1000, 10, 20, 400, 30, 50],
  };

  it('sums the time until the next sample by package, WebAssembly with its caller', () => {
    const { groups } = attribute(profile);
    expect([...groups]).toEqual([
      ['@reverseit/core', 10 + 20 + 50],
      [nodeGroup, 30],
    ]);
  });

  it('sums it by function, wherever it is called from, the most expensive first', () => {
    expect(attribute(profile).functions).toEqual([
      { name: 'read', group: '@reverseit/core', self: 60 },
      { name: '(anonymous)', group: nodeGroup, self: 30 },
      { name: 'wasm-function[1]', group: '@reverseit/core', self: 20 },
    ]);
  });

  it('takes a profile without samples', () => {
    const { groups, functions } = attribute({ nodes: [] });
    expect(groups.size).toBe(0);
    expect(functions).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { PathTree } from './path-tree.ts';

const tree = (...prefixes: string[]): PathTree<string> => {
  const made = new PathTree<string>();
  for (const prefix of prefixes) made.add(prefix, prefix);
  return made;
};

describe('PathTree', () => {
  it.each<[prefixes: string[], path: string, found: string | null]>([
    [[], '/', null],
    [['/'], '/', '/'],
    [['/'], '/a', '/'],
    [['/'], '/?q', '/'],
    [['/'], '*', null],
    [['/'], '', null],
    [['/a'], '/', null],
    [['/a'], '/a', '/a'],
    [['/a'], '/a/', '/a'],
    [['/a'], '/a/b', '/a'],
    [['/a'], '/a?q', '/a'],
    [['/a'], '/a?q=/a/b', '/a'],
    [['/a'], '/ab', null],
    [['/a'], '/A', null],
    [['/a'], '//a', null],
    [['/a'], '/a//b', '/a'],
    [['/a'], '/%61', null],
    [['/a'], '/a%2fb', null],
    [['/', '/a', '/a/b'], '/a/b/c', '/a/b'],
    [['/', '/a', '/a/b'], '/a/bc', '/a'],
    [['/', '/a', '/a/b'], '/ab/b', '/'],
    [['/a/b', '/a', '/'], '/a/b', '/a/b'],
    [['/apple', '/apply', '/app'], '/apply/x', '/apply'],
    [['/apple', '/apply', '/app'], '/app/x', '/app'],
    [['/apple', '/apply', '/app'], '/appl', null],
    [['/apple', '/apply'], '/appl', null],
    [['/a/b/c'], '/a/b', null],
  ])('%j finds for %s: %s', (prefixes, path, found) => {
    expect(tree(...prefixes).find(path)).toBe(found);
  });

  it('refuses a prefix twice', () => {
    const made = tree('/a', '/ab', '/');
    expect(() => made.add('/a', 'again')).toThrow(RangeError);
    expect(() => made.add('/', 'again')).toThrow(RangeError);
  });
});

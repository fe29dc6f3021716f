import { describe, expect, it } from 'vitest';
import { PathTokens, Reading, SegmentReader } from './segment-reader.ts';

const segmentsOf = (path: string, reading: Reading): readonly string[] => {
  const reader = new SegmentReader(new PathTokens(path, 0, path.length), reading);
  const found: string[] = [];
  for (let kind = reader.next(); kind !== 'end'; kind = reader.next()) {
    found.push(`${kind} ${reader.text}`.trimEnd());
  }
  return found;
};

const plain = new Reading(false, false, 'kept');
const backslash = new Reading(true, false, 'kept');
const decoding = new Reading(false, true, 'kept');
const both = new Reading(true, true, 'kept');

describe('SegmentReader', () => {
  it.each<[path: string, reading: Reading, segments: string[]]>([
    ['', plain, []],
    ['/', plain, ['empty']],
    ['/a', plain, ['name a']],
    ['/a/', plain, ['name a', 'empty']],
    ['//a', plain, ['empty', 'name a']],
    ['/./../...', plain, ['same .', 'parent ..', 'name ...']],
    ['/%2e/%2E./.%2e', plain, ['same %2e', 'parent %2E.', 'parent .%2e']],
    ['/.a/a./..b', plain, ['name .a', 'name a.', 'name ..b']],
    ['/%2', plain, ['name %2']],
    ['/..%2', plain, ['name ..%2']],
    ['/a\\..', plain, ['name a\\..']],
    ['/a\\..', backslash, ['name a', 'parent ..']],
    ['/a%2f..%5c..', plain, ['name a%2f..%5c..']],
    ['/a%2f..%5c..', backslash, ['name a%2f..%5c..']],
    ['/a%2F..%5c..', decoding, ['name a', 'name ..%5c..']],
    ['/a%2f..%5C..', both, ['name a', 'parent ..', 'parent ..']],
    ['/..;a/b', plain, ['name ..;a', 'name b']],
    ['/..;a/b;c', new Reading(false, false, 'cut last'), ['parent ..;a', 'name b;c']],
    ['/;a', new Reading(false, false, 'cut first'), ['empty ;a']],
    ['/..;a%2fb/c', new Reading(false, true, 'cut first'), ['parent ..;a%2fb', 'name c']],
    ['/..;a%2fb/c', new Reading(false, true, 'cut last'), ['parent ..;a', 'name b', 'name c']],
  ])('%s by %o', (path, reading, segments) => {
    expect(segmentsOf(path, reading)).toEqual(segments);
  });

  it('reads a part of a path', () => {
    const reader = new SegmentReader(new PathTokens('/a/b?/..', 2, 4), plain);
    expect([reader.next(), reader.text, reader.next()]).toEqual(['name', 'b', 'end']);
  });
});

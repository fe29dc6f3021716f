import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathTokens, Reading, SegmentReader } from './segment-reader.ts';

const piece = fc.constantFrom('/', '\\', '%2f', '%5C', '.', '%2e', ';', 'a', '%', '%41', '?');
const path = fc.array(piece, { maxLength: 12 }).map((all) => `/${all.join('')}`);

describe('SegmentReader, any path', () => {
  it('splits at slashes when nothing else separates', () => {
    fc.assert(
      fc.property(path, (path) => {
        const reader = new SegmentReader(
          new PathTokens(path, 0, path.length),
          new Reading(false, false, 'kept'),
        );
        const found: string[] = [];
        while (reader.next() !== 'end') found.push(reader.text);
        expect(found).toEqual(path.slice(1).split('/'));
      }),
    );
  });

  it('splits a decoded path as if it had been decoded first', () => {
    fc.assert(
      fc.property(path, (path) => {
        const reader = new SegmentReader(
          new PathTokens(path, 0, path.length),
          new Reading(true, true, 'kept'),
        );
        const found: string[] = [];
        while (reader.next() !== 'end') found.push(reader.text);
        expect(found).toEqual(path.split(/\/|\\|%2f|%5c/i).slice(1));
      }),
    );
  });
});

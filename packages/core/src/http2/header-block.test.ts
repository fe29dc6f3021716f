import { describe, expect, it } from 'vitest';
import { HeaderBlock } from './header-block.ts';

describe('HeaderBlock (RFC 9113 §4.3)', () => {
  it('hands on a block of one fragment without a copy', () => {
    const block = new HeaderBlock(8);
    const fragment = Buffer.from('abc');
    block.begin(3, true);
    expect([block.streamId, block.endsStream, block.hasRoom(fragment)]).toEqual([3, true, true]);
    expect(block.end(fragment)).toBe(fragment);
    expect(block.streamId).toBe(0);
  });

  it('joins fragments, whose memory may be read into again', () => {
    const block = new HeaderBlock(8);
    const first = Buffer.from('abc');
    block.begin(1, false);
    block.hasRoom(first);
    block.add(first);
    first.fill('x');
    expect([block.mayContinue(), block.hasRoom(Buffer.from('de'))]).toEqual([true, true]);
    expect(block.end(Buffer.from('de')).toString()).toBe('abcde');
  });

  it.each([
    ['at the limit', [4, 4], [true, true]],
    ['a byte above it', [4, 5], [true, false]],
    ['one fragment above it', [9], [false]],
  ])('counts the bytes of all fragments: %s', (_name, sizes, expected) => {
    const block = new HeaderBlock(8);
    block.begin(1, false);
    expect(sizes.map((size) => block.hasRoom(Buffer.alloc(size)))).toEqual(expected);
  });

  it('counts bytes and CONTINUATION frames of each block anew', () => {
    const block = new HeaderBlock(8);
    for (const streamId of [1, 3]) {
      block.begin(streamId, false);
      expect(block.hasRoom(Buffer.alloc(6))).toBe(true);
      const allowed = Array.from({ length: 33 }, () => block.mayContinue());
      expect(allowed.filter((may) => may)).toHaveLength(32);
      expect(allowed[32]).toBe(false);
      block.end(Buffer.alloc(0));
    }
  });
});

import { expect, it } from 'vitest';
import { floodNamed, floods } from './floods.ts';
import { clientFrame, first, serverFrame } from './frames.ts';

it('has each flood once', () => {
  const names = floods.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

it('finds a flood by its name, and no other', () => {
  expect(floodNamed('OPTIONS *').what).toContain('OPTIONS *');
  expect(() => floodNamed('kindness')).toThrow('there is no flood kindness');
});

it.each<[string, Buffer, string]>([
  ['a message of one byte', clientFrame(first.binary, 'a'), '82810000000061'],
  ['a ping', clientFrame(first.ping), '898000000000'],
  ['what a server sends', serverFrame(first.text, 'a'), '810161'],
  [
    'the tiny compressed message',
    clientFrame(first.compressed, Buffer.from('4a0400', 'hex')),
    'c283000000004a0400',
  ],
])('makes frames: %s (RFC 6455 §5.2)', (_, frame, hex) => {
  expect(frame.toString('hex')).toBe(hex);
});

it('makes frames of more than 125 bytes (RFC 6455 §5.2)', () => {
  const frame = clientFrame(first.binary, Buffer.alloc(300, 'x'));
  expect(frame.subarray(0, 9).toString('hex')).toBe('82fe012c0000000078');
  expect(frame.length).toBe(308);
});

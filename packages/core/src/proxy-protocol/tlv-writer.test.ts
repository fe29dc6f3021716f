import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readTlvs } from './tlv-reader.ts';
import { writeTlvs } from './tlv-writer.ts';

const none = { alpn: null, authority: null, uniqueId: null, others: [] };

it.each([
  ['§2.2 nothing', null, ''],
  ['§2.2 no field', none, ''],
  ['§2.2.1 ALPN', { ...none, alpn: 'h2' }, '0100026832'],
  ['§2.2.2 AUTHORITY, in UTF-8', { ...none, authority: 'ä' }, '020002c3a4'],
  ['§2.2.5 UNIQUE_ID', { ...none, uniqueId: Buffer.from([1]) }, '05000101'],
  ['§2.2 an empty one', { ...none, authority: '' }, '020000'],
  [
    '§2.2.8 others, in their order',
    {
      ...none,
      others: [
        { type: 0xee, value: Buffer.from('a') },
        { type: 0xea, value: Buffer.alloc(0) },
      ],
    },
    'ee000161ea0000',
  ],
])('%s', (_, told, hex) => {
  expect(writeTlvs(told).toString('hex')).toBe(hex);
});

it('what is written is read again', () => {
  const text = fc.option(fc.string({ unit: 'grapheme-ascii', maxLength: 300 }), { nil: null });
  const bytes = (maxLength: number) =>
    fc.uint8Array({ maxLength }).map((value) => Buffer.from(value));
  const other = fc.record({ type: fc.integer({ min: 0xe0, max: 0xef }), value: bytes(300) });
  const told = fc.record({
    alpn: text,
    authority: text,
    uniqueId: fc.option(bytes(128), { nil: null }),
    others: fc.array(other, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(told, (given) => {
      expect(readTlvs(writeTlvs(given), 0)).toMatchObject(given);
    }),
  );
});

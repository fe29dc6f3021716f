import { expect, test } from 'vitest';
import { staticNameIndex, staticStatusIndex, staticTable } from './static-table.ts';

test('61 entries, at the places of RFC 7541 Appendix A', () => {
  expect(staticTable).toHaveLength(61);
  const at = (index: number): string[] => {
    const { name = '', value = '' } = staticTable[index - 1] ?? {};
    return [name, value];
  };
  expect(at(1)).toEqual([':authority', '']);
  expect(at(2)).toEqual([':method', 'GET']);
  expect(at(5)).toEqual([':path', '/index.html']);
  expect(at(16)).toEqual(['accept-encoding', 'gzip, deflate']);
  expect(at(28)).toEqual(['content-length', '']);
  expect(at(61)).toEqual(['www-authenticate', '']);
});

test.each([
  [':method', 2],
  [':status', 8],
  ['date', 33],
  ['set-cookie', 55],
  ['Content-Type', 31],
  ['Accept-Encoding', 16],
  ['access-control-allow-origin', 20],
  ['access-control-allow-origins', 0],
  ['', 0],
  ['x-other', 0],
])('%s begins at %i', (name, index) => {
  expect(staticNameIndex(name)).toBe(index);
});

test.each([
  [200, 8],
  [304, 11],
  [500, 14],
  [201, 0],
])('status %i stands at %i', (status, index) => {
  expect(staticStatusIndex(status)).toBe(index);
});

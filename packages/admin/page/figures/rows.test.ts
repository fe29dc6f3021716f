import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pageOf, type View } from './rows.ts';

interface Row {
  readonly name: string;
  readonly load: number | null;
}
const all: readonly Row[] = [
  { name: 'web-10', load: 5 },
  { name: 'web-2', load: null },
  { name: 'API', load: 0 },
  { name: 'web-1', load: 7 },
];
const view = (more: Partial<View<Row>> = {}): View<Row> => ({
  query: '',
  text: ({ name }) => name,
  value: ({ name }) => name,
  descending: false,
  page: 0,
  pageSize: 10,
  ...more,
});
const names = (more: Partial<View<Row>>): readonly string[] =>
  pageOf(all, view(more)).rows.map(({ name }) => name);

it.each<[string, Partial<View<Row>>, readonly string[]]>([
  ['by name, numbers by their value', {}, ['API', 'web-1', 'web-2', 'web-10']],
  ['by name downwards', { descending: true }, ['web-10', 'web-2', 'web-1', 'API']],
  ['by number, unknown last', { value: (row) => row.load }, ['API', 'web-10', 'web-1', 'web-2']],
  [
    'by number downwards, unknown last',
    { value: (row) => row.load, descending: true },
    ['web-1', 'web-10', 'API', 'web-2'],
  ],
  ['what matches, in any case', { query: 'api' }, ['API']],
  ['what matches every word', { query: ' 1  WEB ' }, ['web-1', 'web-10']],
  ['nothing', { query: 'x' }, []],
])('shows %s', (_, more, expected) => expect(names(more)).toEqual(expected));

it('equal rows keep their order', () => {
  expect(names({ value: () => 1 })).toEqual(all.map(({ name }) => name));
  expect(names({ value: () => 1, descending: true })).toEqual(all.map(({ name }) => name));
});

it('a page that is not there any more is the last', () => {
  expect(pageOf(all, view({ page: 9, pageSize: 3 }))).toMatchObject({
    page: 1,
    pages: 2,
    matching: 4,
    rows: [{ name: 'web-10' }],
  });
  expect(pageOf([], view({ page: 2 }))).toMatchObject({ page: 0, pages: 1, matching: 0 });
});

it('the pages together are what matches, each row once', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 9 }), (loads, pageSize) => {
      const rows = loads.map((load, i) => ({ name: `${i}`, load }));
      const found: Row[] = [];
      const { pages } = pageOf(rows, view({ pageSize }));
      for (let page = 0; page < pages; page += 1) {
        found.push(...pageOf(rows, view({ page, pageSize, value: (row) => row.load })).rows);
      }
      expect(new Set(found).size).toBe(rows.length);
      expect(found.map(({ load }) => load)).toEqual([...loads].sort((a, b) => a - b));
    }),
  );
});

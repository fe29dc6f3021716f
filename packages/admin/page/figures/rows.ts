/** Which rows of a long table are shown: those that match, in order, one page of them. */

/** What a column is sorted by; null comes last either way. */
export type SortValue = string | number | null;

export interface View<Row> {
  /** Every word of it must occur in the text of a row, in any case. */
  readonly query: string;
  readonly text: (row: Row) => string;
  readonly value: (row: Row) => SortValue;
  readonly descending: boolean;
  /** From 0; the last page where there are fewer. */
  readonly page: number;
  readonly pageSize: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Rows that match. */
  readonly matching: number;
  readonly page: number;
  readonly pages: number;
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

const compare = (a: SortValue, b: SortValue): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));

export const pageOf = <Row>(all: readonly Row[], view: View<Row>): Page<Row> => {
  const words = view.query.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = all.filter((row) => {
    const text = view.text(row).toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const keyed = matching.map((row) => ({ row, value: view.value(row) }));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) {
      return (a.value === null ? 1 : 0) - (b.value === null ? 1 : 0);
    }
    return view.descending ? compare(b.value, a.value) : compare(a.value, b.value);
  });
  const pages = Math.max(1, Math.ceil(keyed.length / view.pageSize));
  const page = Math.min(Math.max(0, view.page), pages - 1);
  const start = page * view.pageSize;
  return {
    rows: keyed.slice(start, start + view.pageSize).map(({ row }) => row),
    matching: keyed.length,
    page,
    pages,
  };
};

/** A table of rows that change each second: sorted, filtered, one page at a time. */
import { pageOf, type SortValue } from '../figures/rows.ts';
import { element, setAttribute, setText } from './dom.ts';

export interface Column<Row> {
  readonly label: string;
  readonly kind?: 'text' | 'number' | 'action';
  /** `wide`: gets more room on a narrow screen. `minor`: left out where the table would be too wide. */
  readonly weight?: 'wide' | 'minor';
  readonly text: (row: Row) => string;
  /** What it is sorted by; a column without it cannot be sorted by. */
  readonly value?: (row: Row) => SortValue;
  /** Numbers begin with the largest, text with A. */
  readonly startsDescending?: boolean;
  /** Makes a cell of more than text, once for each row. */
  readonly create?: (cell: HTMLElement) => (row: Row) => void;
}

export interface TableOptions<Row> {
  /** Of the section, which is labelled by its title. */
  readonly section: HTMLElement;
  readonly title: string;
  /** What one row is: `route`, and several of them: `routes`. */
  readonly noun: readonly [one: string, many: string];
  readonly columns: readonly Column<Row>[];
  readonly key: (row: Row) => string;
  /** Which column it is sorted by at first. */
  readonly sortedBy: number;
  readonly filterText: (row: Row) => string;
  readonly pageSize: number;
  /** Said where there are no rows at all. */
  readonly empty: string;
}

const classOf = <Row>({ kind = 'text', weight }: Column<Row>): string =>
  weight === undefined ? kind : `${kind} ${weight}`;

const hasPointer = matchMedia('(hover: hover)');

interface ShownRow<Row> {
  readonly line: HTMLTableRowElement;
  readonly update: (row: Row) => void;
}

export class DataTable<Row> {
  readonly #options: TableOptions<Row>;
  readonly #body = element('tbody', { role: 'rowgroup' });
  readonly #heads: readonly HTMLElement[];
  readonly #table: HTMLTableElement;
  readonly #count = element('span', { class: 'count' });
  readonly #empty = element('p', { class: 'empty' });
  readonly #filter: HTMLInputElement;
  readonly #tools: HTMLElement;
  readonly #pager: HTMLElement;
  readonly #pageText = element('span', { class: 'page-text' });
  readonly #previous = element('button', { type: 'button', class: 'quiet' }, 'Previous');
  readonly #next = element('button', { type: 'button', class: 'quiet' }, 'Next');
  readonly #shown = new Map<string, ShownRow<Row>>();
  #all: readonly Row[] = [];
  #order: readonly string[] = [];
  #sortedBy: number;
  #descending: boolean;
  #page = 0;

  constructor(options: TableOptions<Row>) {
    this.#options = options;
    this.#sortedBy = options.sortedBy;
    this.#descending = options.columns[options.sortedBy]?.startsDescending ?? false;
    const { section, title, noun } = options;
    const id = `${section.id}-title`;
    const filterId = `${section.id}-filter`;
    this.#filter = element('input', {
      id: filterId,
      type: 'search',
      autocomplete: 'off',
      spellcheck: 'false',
    });
    this.#filter.placeholder = `Filter ${noun[1]}`;
    this.#tools = element(
      'div',
      { class: 'tools' },
      element('label', { class: 'hidden', for: filterId }, `Filter ${noun[1]}`),
      this.#filter,
    );
    this.#heads = options.columns.map((column, i) => this.#head(column, i));
    this.#table = element(
      'table',
      { class: 'data', role: 'table', 'aria-labelledby': id },
      element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...this.#heads)),
      this.#body,
    );
    this.#pager = element(
      'nav',
      { class: 'pager', 'aria-label': `Pages of ${noun[1]}` },
      this.#previous,
      this.#pageText,
      this.#next,
    );
    section.append(
      element(
        'div',
        { class: 'heading' },
        element('h2', { id, tabindex: '-1' }, title),
        this.#count,
        this.#tools,
      ),
      element('div', { class: 'scroll' }, this.#table),
      this.#empty,
      this.#pager,
    );
    this.#filter.addEventListener('input', () => this.#look({ page: 0 }));
    this.#previous.addEventListener('click', () => this.#look({ page: this.#page - 1 }));
    this.#next.addEventListener('click', () => this.#look({ page: this.#page + 1 }));
  }

  update(rows: readonly Row[]): void {
    this.#all = rows;
    // Nothing moves away from under a pointer, or from the keyboard.
    this.#draw(this.#body.matches(hasPointer.matches ? ':hover, :focus-within' : ':focus-within'));
  }

  #look({ page }: { readonly page: number }): void {
    this.#page = page;
    this.#draw(false);
  }

  #draw(isHeld: boolean): void {
    const { columns, key, filterText, pageSize, noun, empty } = this.#options;
    const column = columns[this.#sortedBy];
    const found = pageOf(this.#all, {
      query: this.#filter.value,
      text: filterText,
      value: column?.value ?? column?.text ?? (() => null),
      descending: this.#descending,
      page: this.#page,
      pageSize,
    });
    this.#page = found.page;
    const byKey = new Map(this.#all.map((row) => [key(row), row]));
    const kept = isHeld ? this.#order.filter((name) => byKey.has(name)) : [];
    const added = found.rows.map(key).filter((name) => !kept.includes(name));
    this.#order = [...kept, ...added].slice(0, pageSize);
    this.#place(byKey);

    for (const [i, head] of this.#heads.entries()) {
      if (columns[i]?.value === undefined) continue;
      const order = this.#descending ? 'descending' : 'ascending';
      setAttribute(head, 'aria-sort', i === this.#sortedBy ? order : 'none');
    }
    const total = this.#all.length;
    const isFiltered = this.#filter.value.trim() !== '';
    const count = total.toLocaleString('en-US');
    setText(
      this.#count,
      isFiltered ? `${found.matching.toLocaleString('en-US')} of ${count}` : count,
    );
    this.#count.hidden = total === 0;
    this.#tools.hidden = total <= pageSize && !isFiltered;
    this.#table.hidden = found.matching === 0;
    this.#empty.hidden = found.matching > 0;
    setText(this.#empty, total === 0 ? empty : `No ${noun[0]} matches this filter.`);
    this.#pager.hidden = found.pages === 1;
    this.#previous.disabled = found.page === 0;
    this.#next.disabled = found.page === found.pages - 1;
    setText(this.#pageText, `Page ${found.page + 1} of ${found.pages}`);
  }

  #place(byKey: ReadonlyMap<string, Row>): void {
    const wanted = new Set(this.#order);
    for (const [name, { line }] of this.#shown) {
      if (wanted.has(name)) continue;
      line.remove();
      this.#shown.delete(name);
    }
    for (const [i, name] of this.#order.entries()) {
      const row = byKey.get(name);
      if (row === undefined) continue;
      let shown = this.#shown.get(name);
      if (shown === undefined) {
        shown = this.#createRow();
        this.#shown.set(name, shown);
      }
      shown.update(row);
      const there = this.#body.children[i];
      if (there !== shown.line) this.#body.insertBefore(shown.line, there ?? null);
    }
  }

  #createRow(): ShownRow<Row> {
    const updates: ((row: Row) => void)[] = [];
    const cells = this.#options.columns.map((column, i) => {
      const isName = i === 0;
      const cell = element(isName ? 'th' : 'td', {
        class: classOf(column),
        role: isName ? 'rowheader' : 'cell',
        'data-label': column.label,
        ...(isName ? { scope: 'row' } : {}),
      });
      updates.push(
        column.create === undefined
          ? (row) => setText(cell, column.text(row))
          : column.create(cell),
      );
      return cell;
    });
    const line = element('tr', { role: 'row' }, ...cells);
    return {
      line,
      update(row) {
        for (const update of updates) update(row);
      },
    };
  }

  #head(column: Column<Row>, index: number): HTMLElement {
    const head = element('th', {
      scope: 'col',
      role: 'columnheader',
      class: classOf(column),
    });
    if (column.value === undefined) {
      head.append(column.label);
      return head;
    }
    const button = element('button', { type: 'button', class: 'sort' }, column.label);
    button.addEventListener('click', () => {
      const isSame = this.#sortedBy === index;
      this.#descending = isSame ? !this.#descending : (column.startsDescending ?? false);
      this.#sortedBy = index;
      this.#look({ page: 0 });
    });
    head.append(button);
    return head;
  }
}

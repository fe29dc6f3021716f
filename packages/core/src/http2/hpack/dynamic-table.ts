/** The fields that a peer has sent lately and may refer to (RFC 7541 §2.3.2, §4). A ring: the newest stands last. */
import type { TableEntry } from './static-table.ts';

/** The default of SETTINGS_HEADER_TABLE_SIZE, which we keep. */
const headerTableBytes = 4096;
/** What an entry counts beside its name and value (RFC 7541 §4.1), so that no more than 128 fit. */
const entryOverhead = 32;
const capacity = headerTableBytes / entryOverhead;

export class DynamicTable {
  /** Made for the first entry: many connections send one request. */
  #entries: (TableEntry | undefined)[] | null = null;
  /** Where the oldest stands. */
  #first = 0;
  #count = 0;
  #size = 0;
  #maxSize = headerTableBytes;

  get count(): number {
    return this.#count;
  }

  /** In bytes, as RFC 7541 §4.1 counts. */
  get size(): number {
    return this.#size;
  }

  /** The entry that was added so many entries ago, 0 for the last one. */
  get(age: number): TableEntry | undefined {
    if (this.#entries === null || age >= this.#count) return undefined;
    return this.#entries[(this.#first + this.#count - 1 - age) % capacity];
  }

  add(entry: TableEntry): void {
    const size = entry.name.length + entry.value.length + entryOverhead;
    this.#shrinkTo(this.#maxSize - size);
    // RFC 7541 §4.4: no error; the table is empty then.
    if (size > this.#maxSize) return;
    this.#entries ??= new Array<TableEntry | undefined>(capacity).fill(undefined);
    this.#entries[(this.#first + this.#count) % capacity] = entry;
    this.#count++;
    this.#size += size;
  }

  /** Sets what fits, in bytes. False where it is more than we have allowed. */
  resize(maxSize: number): boolean {
    if (maxSize > headerTableBytes) return false;
    this.#maxSize = maxSize;
    this.#shrinkTo(maxSize);
    return true;
  }

  #shrinkTo(size: number): void {
    const entries = this.#entries;
    while (this.#size > size && this.#count > 0 && entries !== null) {
      const oldest = entries[this.#first] as TableEntry;
      entries[this.#first] = undefined;
      this.#first = (this.#first + 1) % capacity;
      this.#count--;
      this.#size -= oldest.name.length + oldest.value.length + entryOverhead;
    }
  }
}

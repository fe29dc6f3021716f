/** What was kept of a read stays as it was, whoever reads and releases in whatever order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { releaseBytes } from './lease.ts';
import { type ByteReader, ReadBuffer } from './read-buffer.ts';

/** Of a part of a read: let pass, released at once or later, or kept for good. */
type Fate = 'passed' | 'released' | 'released later' | 'kept';

interface Read {
  readonly nth: number;
  readonly expects: boolean;
  readonly parts: readonly { readonly size: number; readonly fate: Fate }[];
  /** Frees so many of those that are due before it. */
  readonly frees: number;
}

interface Loan {
  readonly piece: Buffer;
  readonly value: number;
  readonly size: number;
}

const loanIsWhole = ({ piece, value, size }: Loan): boolean =>
  piece.length === size && piece.every((byte) => byte === value);

class Connection implements ByteReader {
  readonly #buffer = new ReadBuffer(this);
  readonly #onread = this.#buffer.onread;
  readonly #loans: Loan[];
  readonly #due: Loan[];
  #memory = this.#onread.buffer();
  #read: Read | null = null;
  #value = 0;
  expectsBody = false;

  constructor(loans: Loan[], due: Loan[]) {
    this.#loans = loans;
    this.#due = due;
  }

  take(read: Read, value: number): void {
    this.#read = read;
    this.#value = value;
    const length = read.parts.reduce((sum, { size }) => sum + size, 0);
    expect(this.#memory).toHaveLength(65_536);
    this.#memory.fill(value, 0, length);
    this.#onread.callback(length);
    this.#memory = this.#onread.buffer() ?? this.#memory;
  }

  onRead(bytes: Buffer): boolean {
    const read = this.#read as Read;
    let at = 0;
    for (const { size, fate } of read.parts) {
      const part = bytes.subarray(at, at + size);
      at += size;
      if (fate === 'passed') continue;
      const loan = { piece: this.#buffer.lend(part), value: this.#value, size };
      expect(loanIsWhole(loan)).toBe(true);
      if (fate === 'released') releaseBytes(loan.piece);
      else (fate === 'kept' ? this.#loans : this.#due).push(loan);
    }
    this.expectsBody = read.expects;
    return true;
  }
}

const sizes = fc.oneof(
  { arbitrary: fc.constantFrom(0, 1, 32_767, 32_768, 65_536), weight: 3 },
  fc.nat(20_000),
);
const part = fc.record({
  size: sizes,
  fate: fc.constantFrom<Fate>('passed', 'released', 'released later', 'kept'),
});
const read: fc.Arbitrary<Read> = fc.record({
  nth: fc.nat(2),
  expects: fc.boolean(),
  parts: fc
    .array(part, { maxLength: 4 })
    .filter((parts) => parts.reduce((sum, { size }) => sum + size, 0) <= 65_536),
  frees: fc.nat(2),
});

test('kept parts stay', () => {
  fc.assert(
    fc.property(fc.array(read, { maxLength: 40 }), (reads) => {
      const loans: Loan[] = [];
      const due: Loan[] = [];
      const connections = [0, 1, 2].map(() => new Connection(loans, due));
      for (const [i, each] of reads.entries()) {
        for (const { piece } of due.splice(0, each.frees)) releaseBytes(piece);
        connections[each.nth]?.take(each, (i % 255) + 1);
        expect([...loans, ...due].every(loanIsWhole)).toBe(true);
      }
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 100 },
  );
});

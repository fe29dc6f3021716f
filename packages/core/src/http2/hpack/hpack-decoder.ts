/**
 * Reads header blocks (RFC 7541). Every block has to be read to its end, whatever becomes of its message: the
 * next one refers to what it has added to the table. So limits are for the sink to apply, which is told of one
 * field at a time and may drop it; memory is bounded by the table and by the length of a block.
 */
import { isFieldValue, isToken } from '../../http/ascii.ts';
import { DynamicTable } from './dynamic-table.ts';
import { readHuffman } from './huffman.ts';
import { staticTable, type TableEntry } from './static-table.ts';

/** Who is told of the fields of a block. */
export interface FieldSink {
  /** `isValid`: name and value are such as a message may have. Pseudo-header fields are told with their colon. */
  onField(name: string, value: string, isValid: boolean): void;
}

/** No number in a block is larger: it would not fit into a frame. */
const maxInteger = 0xff_ffff;

export class HpackDecoder {
  readonly #table = new DynamicTable();
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #failed = false;

  /** Reads a whole block. False where it is none (COMPRESSION_ERROR): nothing after it can be read. */
  decode(block: Buffer, sink: FieldSink): boolean {
    this.#bytes = block;
    this.#at = 0;
    this.#end = block.length;
    let fieldSeen = false;
    while (this.#at < this.#end && !this.#failed) {
      const byte = block[this.#at] as number;
      if ((byte & 0xe0) === 0x20) {
        // RFC 7541 §4.2: at the beginning of a block.
        if (fieldSeen || !this.#table.resize(this.#readInteger(0x1f))) this.#failed = true;
        continue;
      }
      fieldSeen = true;
      const entry = (byte & 0x80) !== 0 ? this.#readIndexed() : this.#readLiteral(byte);
      if (entry !== null) sink.onField(entry.name, entry.value, entry.isValid);
    }
    return !this.#failed;
  }

  #readIndexed(): TableEntry | null {
    return this.#entry(this.#readInteger(0x7f));
  }

  #readLiteral(byte: number): TableEntry | null {
    const isAdded = (byte & 0x40) !== 0;
    const index = this.#readInteger(isAdded ? 0x3f : 0x0f);
    let name: string;
    let isValid = true;
    if (index === 0) {
      name = this.#readText();
      isValid = isFieldName(name);
    } else {
      const named = this.#entry(index);
      if (named === null) return null;
      name = named.name;
      // The name alone counts.
      isValid = named.isValid || isFieldName(name);
    }
    const value = this.#readText();
    if (this.#failed) return null;
    const entry: TableEntry = { name, value, isValid: isValid && isMessageValue(value) };
    if (isAdded) this.#table.add(entry);
    return entry;
  }

  #entry(index: number): TableEntry | null {
    if (this.#failed) return null;
    const { length } = staticTable;
    const entry = index <= length ? staticTable[index - 1] : this.#table.get(index - length - 1);
    if (entry !== undefined) return entry;
    this.#failed = true;
    return null;
  }

  /** RFC 7541 §5.1, of which the first bits are those of `mask`. */
  #readInteger(mask: number): number {
    const bytes = this.#bytes;
    let value = (bytes[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; this.#at < this.#end && shift <= 21; shift += 7) {
      const byte = bytes[this.#at++] as number;
      value += (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (value > maxInteger) break;
      return value;
    }
    this.#failed = true;
    return 0;
  }

  /** RFC 7541 §5.2. */
  #readText(): string {
    if (this.#failed || this.#at >= this.#end) {
      this.#failed = true;
      return '';
    }
    const isHuffman = (this.#bytes[this.#at] as number) >= 0x80;
    const length = this.#readInteger(0x7f);
    const start = this.#at;
    const end = start + length;
    if (this.#failed || end > this.#end) {
      this.#failed = true;
      return '';
    }
    this.#at = end;
    if (!isHuffman) return this.#bytes.toString('latin1', start, end);
    const text = readHuffman(this.#bytes, start, end);
    if (text === null) this.#failed = true;
    return text ?? '';
  }
}

/** RFC 9113 §8.2.1: a token without upper case; of a pseudo-header field, the part after its colon. */
function isFieldName(name: string): boolean {
  const isPseudo = name.charCodeAt(0) === 0x3a;
  if (!isToken(isPseudo ? name.substring(1) : name)) return false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) return false;
  }
  return true;
}

/** RFC 9113 §8.2.1: a field value without white space at its ends. */
function isMessageValue(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  return (
    !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(length - 1)) && isFieldValue(value)
  );
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/**
 * Reads the header that begins a connection, in either version, from bytes as they come. Bytes in, a header or
 * a reason to refuse out; nothing after the header is looked at, and after a failure nothing at all.
 */
import { fixedBytes, fixedFault, parseBinaryHeader, signature } from './header-binary.ts';
import { maxTextBytes, parseTextHeader } from './header-text.ts';
import type { ProxyHeader } from './proxy-header.ts';

/** A longer header is refused: addresses and all fields that are known take much less. */
export const maxHeaderBytes = 4096;

const P = 0x50;
const CR = 0x0d;
const LF = 0x0a;
const textStart = Buffer.from('PROXY ', 'latin1');
const none = Buffer.alloc(0);

export class ProxyHeaderReader {
  /** Once it is complete. */
  header: ProxyHeader | null = null;
  /** Why there will be none. */
  failure: string | null = null;
  /** Of the header so far, before the present chunk. */
  #held: Buffer = none;

  /** Takes bytes, and returns how many of them belong to the header: all, until it is complete. */
  read(chunk: Buffer): number {
    if (this.header !== null || this.failure !== null) return 0;
    const before = this.#held.length;
    const bytes = before === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (bytes.length === 0) return 0;
    const length = bytes[0] === P ? this.#textLength(bytes) : this.#binaryLength(bytes);
    if (this.failure !== null) return 0;
    if (length === -1 || bytes.length < length) {
      // A copy: the chunk may be its reader's.
      this.#held = before === 0 ? Buffer.from(bytes) : bytes;
      return chunk.length;
    }
    const whole = bytes.subarray(0, length);
    const header =
      bytes[0] === P
        ? parseTextHeader(whole.toString('latin1', 0, length - 2))
        : parseBinaryHeader(whole);
    this.#held = none;
    if (typeof header === 'string') {
      this.#fail(header);
      return 0;
    }
    this.header = header;
    return length - before;
  }

  /** With the line end; -1 where it has not come. */
  #textLength(bytes: Buffer): number {
    const end = Math.min(bytes.length, maxTextBytes);
    for (let i = 0; i < end; i++) {
      const byte = bytes[i] as number;
      if (i < textStart.length && byte !== textStart[i]) return this.#fail('no PROXY header');
      if (byte === CR && i + 1 < end)
        return bytes[i + 1] === LF ? i + 2 : this.#fail('malformed line end');
      if (byte !== CR && (byte < 0x20 || byte > 0x7e)) return this.#fail('malformed line');
    }
    return bytes.length < maxTextBytes ? -1 : this.#fail('a line of more than 107 bytes');
  }

  /** -1 where it is not known yet. */
  #binaryLength(bytes: Buffer): number {
    const known = Math.min(bytes.length, signature.length);
    if (signature.compare(bytes, 0, known, 0, known) !== 0) return this.#fail('no PROXY header');
    if (bytes.length < fixedBytes) return -1;
    const fault = fixedFault(bytes);
    if (fault !== null) return this.#fail(fault);
    const length = fixedBytes + bytes.readUInt16BE(14);
    return length <= maxHeaderBytes ? length : this.#fail(`more than ${maxHeaderBytes} bytes`);
  }

  #fail(reason: string): -1 {
    this.failure = reason;
    this.#held = none;
    return -1;
  }
}

/**
 * UTF-8 of a text message as it arrives in slices and fragments (RFC 6455 §8.1, RFC 3629). Whole
 * stretches go to the platform's validator; a small automaton carries a character over the gap between two
 * slices. It is exact: overlong forms, surrogates and what lies beyond U+10FFFF are rejected at their first
 * impossible byte, also when the character is still incomplete.
 *
 * A masked slice need not be unmasked to be checked: ASCII shows in the top bits of each word xored with
 * the key, and anything else is unmasked into a scratch buffer. The caller's bytes are never written to.
 */
import { isUtf8 } from 'node:buffer';
import { isMaskedAscii, rotateMaskingKey, unmaskInto } from './masking.ts';

/** From here on, the call to the platform costs less than the automaton. */
const nativeThreshold = 48;

/** Up to here, a look for ASCII comes first; longer slices are seldom wholly ASCII unless they all are. */
const asciiThreshold = 512;

/** Shared by all: used within one call and never kept. Fits the first-level cache. */
const scratchSize = 16 * 1024;
const scratch = new Uint8Array(scratchSize + 4);

export class Utf8Stream {
  /** Continuation bytes still to come. */
  #needed = 0;
  /** Range of the next continuation byte; narrower than 80–BF after E0, ED, F0 and F4. */
  #low = 0x80;
  #high = 0xbf;
  #failed = false;

  /** Whether the bytes so far are valid and end with a whole character. */
  get complete(): boolean {
    return this.#needed === 0 && !this.#failed;
  }

  /** Forgets everything: the next slice begins a message. */
  reset(): void {
    this.#needed = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
    this.#failed = false;
  }

  /** Takes the next slice. False from the slice on that holds the first impossible byte. */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#failed) return false;
    let at = start;
    if (this.#needed > 0) {
      const close = Math.min(end, at + this.#needed);
      if (!this.#step(bytes, at, close)) return false;
      at = close;
    }
    if (end - at >= nativeThreshold) {
      const whole = end - openTail(bytes, end);
      if (!isUtf8(new Uint8Array(bytes.buffer, bytes.byteOffset + at, whole - at))) {
        this.#failed = true;
        return false;
      }
      at = whole;
    }
    return this.#step(bytes, at, end);
  }

  /** Takes the next slice as it stands under its mask; `key` applies to the byte at `start`. */
  pushMasked(bytes: Uint8Array, start: number, end: number, key: number): boolean {
    if (this.#failed) return false;
    if (
      this.#needed === 0 &&
      end - start <= asciiThreshold &&
      isMaskedAscii(bytes, start, end, key)
    ) {
      return true;
    }
    let pieceKey = key;
    for (let at = start; at < end; at += scratchSize) {
      const pieceEnd = Math.min(end, at + scratchSize);
      const place = unmaskInto(scratch, bytes, at, pieceEnd, pieceKey);
      if (!this.push(scratch, place, place + pieceEnd - at)) return false;
      pieceKey = rotateMaskingKey(pieceKey, pieceEnd - at);
    }
    return true;
  }

  /** The automaton. */
  #step(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte < 0x80 && this.#needed === 0) continue;
      if (this.#needed > 0 ? !this.#continue(byte) : !this.#lead(byte)) {
        this.#failed = true;
        return false;
      }
    }
    return true;
  }

  #continue(byte: number): boolean {
    if (byte < this.#low || byte > this.#high) return false;
    this.#low = 0x80;
    this.#high = 0xbf;
    this.#needed--;
    return true;
  }

  /**
   * The first byte of a character; what it forbids of the second keeps overlong forms, surrogates and 110000
   * and more out.
   */
  #lead(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#low = 0xa0;
    else if (byte === 0xed) this.#high = 0x9f;
    else if (byte === 0xf0) this.#low = 0x90;
    else if (byte === 0xf4) this.#high = 0x8f;
    return true;
  }
}

/**
 * How many bytes at the end belong to a character that is not complete yet. At least three bytes precede
 * `end`.
 */
function openTail(bytes: Uint8Array, end: number): number {
  for (let length = 1; length <= 3; length++) {
    const byte = bytes[end - length] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return size > length ? length : 0;
    }
  }
  return 0;
}

/**
 * Takes the spaces after a content-length away, which are no part of it (RFC 9112 §5): undici 8.12 reads them
 * as digits, and closes the connection once another length than that has come. Spaces between a digit and the
 * end of any line in the head are dropped; then nothing has to be known of the line but that digit.
 */
const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;
/** CRLF CRLF. */
const headEndLength = 4;

export class LengthSpaces {
  /** Spaces after a digit, at the end of what came last. */
  #held = 0;
  #last = 0;
  /** How much of the end of a head came last. */
  #matched = 0;

  /** A head begins. */
  begin(): void {
    this.#held = 0;
    this.#last = 0;
    this.#matched = 0;
  }

  /** The next bytes of the head, and perhaps of its body, without these spaces; null where nothing is left. */
  drop(bytes: Buffer): Buffer | null {
    // That was the head of an interim response.
    if (this.#matched === headEndLength) this.begin();
    return this.#held === 0 && this.#areClean(bytes) ? bytes : this.#copy(bytes);
  }

  /** Looks at the ends of lines only, as far as the head goes. False also where it is in doubt. */
  #areClean(bytes: Buffer): boolean {
    let end = bytes.indexOf(CR);
    for (; end !== -1; end = bytes.indexOf(CR, end + 1)) {
      if (bytes[end - 1] === SP) return false;
      if (bytes[end + 1] === LF && bytes[end + 2] === CR && bytes[end + 3] === LF) return true;
    }
    const { length } = bytes;
    if (bytes[length - 1] === SP) return false;
    for (let i = Math.max(0, length - headEndLength); i < length; i++) {
      this.#pass(bytes[i] as number);
    }
    return true;
  }

  #copy(bytes: Buffer): Buffer | null {
    const kept = Buffer.allocUnsafe(this.#held + bytes.length);
    let length = 0;
    let at = 0;
    while (at < bytes.length && this.#matched < headEndLength) {
      const byte = bytes[at++] as number;
      if (byte === SP && (this.#held > 0 || isDigit(this.#last))) {
        this.#held++;
        continue;
      }
      // Within a value they stay.
      if (byte !== CR) {
        kept.fill(SP, length, length + this.#held);
        length += this.#held;
      }
      this.#held = 0;
      kept[length++] = byte;
      this.#pass(byte);
    }
    length += bytes.copy(kept, length, at);
    return length === 0 ? null : kept.subarray(0, length);
  }

  #pass(byte: number): void {
    this.#last = byte;
    const isNext = byte === (this.#matched % 2 === 0 ? CR : LF);
    if (isNext) this.#matched++;
    else this.#matched = byte === CR ? 1 : 0;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/**
 * A 304 may have the content-length or the transfer coding of the response that it stands for (RFC 9110 §8.6,
 * RFC 9112 §6.1), and ends with its head all the same. undici's parser closes the connection after such a
 * head, since a body that must not be there would be taken for the next response; the connection watches for
 * that by itself. So the names of these fields are changed before that parser sees them and changed back
 * after it. The last letter is changed: then nothing has to be known but the place in the line.
 */
import type { FieldSection } from '@reverseit/core/http';

const names = ['content-length', 'transfer-encoding'] as const;
const lineFeed = 0x0a;
/**
 * What stands for a last letter in lower case and in upper case: characters of tokens that no known name has.
 */
const lower = 0x5e;
const upper = 0x7e;

export class LengthMask {
  /** Place in the line; -1 where the line is none of ours. */
  #at = 0;
  #name = '';

  /** A head begins. */
  begin(): void {
    this.#at = 0;
  }

  /** Changes the next bytes of the head, in place. */
  hide(bytes: Buffer): void {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (byte === lineFeed) this.#at = 0;
      else if (this.#at !== -1 && this.#endsName(byte)) bytes[i] = byte < 0x60 ? upper : lower;
    }
  }

  /** Whether the byte is the last letter of one of the names, at the beginning of a line. */
  #endsName(byte: number): boolean {
    const letter = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (this.#at === 0) this.#name = letter === 0x74 ? names[1] : names[0];
    if (letter !== this.#name.charCodeAt(this.#at)) {
      this.#at = -1;
      return false;
    }
    this.#at++;
    if (this.#at < this.#name.length) return false;
    this.#at = -1;
    return true;
  }
}

/** Changes the names back, in place. */
export function unmask(fields: FieldSection): void {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const plain = names.find(({ length }) => hidesAt(name, length - 1));
    if (plain === undefined) continue;
    const last = plain.slice(-1);
    const letter = name.charCodeAt(plain.length - 1) === upper ? last.toUpperCase() : last;
    const before = name.slice(0, plain.length - 1);
    if (before.toLowerCase() !== plain.slice(0, -1)) continue;
    fields[i] = before + letter + name.slice(plain.length);
  }
}

function hidesAt(name: string, at: number): boolean {
  const code = name.charCodeAt(at);
  return code === lower || code === upper;
}

/** Collects the payload of one control frame, which may arrive in parts (RFC 6455 §5.5). */
import { maxControlPayload } from './control-frame.ts';
import { applyMask } from './masking.ts';

export class ControlPayload {
  /** Made for the first control frame: many connections never see one. */
  #buffer: Uint8Array | null = null;
  #length = 0;

  /** The bytes so far, valid until the next `begin`. */
  get bytes(): Uint8Array {
    return this.#bufferOf().subarray(0, this.#length);
  }

  /** A frame begins. */
  begin(): void {
    this.#length = 0;
  }

  /** Adds `chunk[start, end)`; no more than 125 bytes in all. */
  append(chunk: Uint8Array, start: number, end: number): void {
    this.#bufferOf().set(chunk.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** Applies the masking key of the frame to the whole payload (RFC 6455 §5.3). */
  unmask(key: number): void {
    applyMask(this.#bufferOf(), 0, this.#length, key);
  }

  #bufferOf(): Uint8Array {
    this.#buffer ??= new Uint8Array(maxControlPayload);
    return this.#buffer;
  }
}

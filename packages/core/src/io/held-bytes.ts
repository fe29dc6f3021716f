/**
 * Bytes that wait for their turn. A peer may send them one by one, so they are joined in memory that
 * doubles: joining them again each time would let a few packets cost megabytes of copying each.
 */

const nothing = Buffer.alloc(0);

export class HeldBytes {
  /** What is held, or was taken last, lies in it from `#start` to `#end`; what follows is room for more. */
  #memory: Buffer = nothing;
  #start = 0;
  #end = 0;
  /** It is taken, and may come back in part. */
  #taken = true;

  get length(): number {
    return this.#taken ? 0 : this.#end - this.#start;
  }

  /** Appends bytes, which are copied where they are on loan or follow others, and kept as they are otherwise. */
  append(bytes: Buffer, onLoan = false): void {
    if (!this.#taken) this.#copy(bytes);
    else if (this.#isRestOfTaken(bytes)) this.#start = this.#end - bytes.length;
    else this.#keep(onLoan ? Buffer.from(bytes) : bytes);
    this.#taken = false;
  }

  /** Takes all of it out. What of it has to wait again is appended before anything else. */
  take(): Buffer {
    if (this.#taken) return nothing;
    this.#taken = true;
    const { length } = this.#memory;
    // The very buffer that came, where it came alone: its owner releases that (`lease.ts`).
    return this.#end - this.#start === length
      ? this.#memory
      : this.#memory.subarray(this.#start, this.#end);
  }

  /** Nothing of what was taken last comes back. */
  forget(): void {
    if (this.#taken && this.#memory !== nothing) this.#keep(nothing);
  }

  /** Drops what is held. */
  clear(): void {
    this.#taken = true;
    this.#keep(nothing);
  }

  #isRestOfTaken({ buffer, byteOffset, length }: Buffer): boolean {
    const memory = this.#memory;
    return buffer === memory.buffer && byteOffset + length === memory.byteOffset + this.#end;
  }

  #keep(bytes: Buffer): void {
    this.#memory = bytes;
    this.#start = 0;
    this.#end = bytes.length;
  }

  #copy(bytes: Buffer): void {
    if (this.#end + bytes.length > this.#memory.length) this.#makeRoom(bytes.length);
    bytes.copy(this.#memory, this.#end);
    this.#end += bytes.length;
  }

  /** In other memory: whoever was lent a part of what was taken may still read it. */
  #makeRoom(more: number): void {
    const held = this.#end - this.#start;
    const memory = Buffer.allocUnsafe((held + more) * 2);
    this.#memory.copy(memory, 0, this.#start, this.#end);
    this.#memory = memory;
    this.#start = 0;
    this.#end = held;
  }
}

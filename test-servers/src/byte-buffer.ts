/** Bytes in, bytes out, in order; grows by doubling and never shrinks below what it holds. */
export class ByteBuffer {
  #store: Buffer = Buffer.allocUnsafe(1024);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** A view, valid until the next call. */
  view(): Buffer {
    return this.#store.subarray(this.#start, this.#end);
  }

  append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#store.length) this.#makeRoom(bytes.length);
    this.#store.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Removes the first `length` bytes and gives them as a copy. */
  shift(length: number): Buffer {
    const taken = Buffer.from(this.#store.subarray(this.#start, this.#start + length));
    this.skip(length);
    return taken;
  }

  skip(length: number): void {
    if (length > this.length) throw new RangeError('more bytes are asked for than are held');
    this.#start += length;
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
  }

  #makeRoom(more: number): void {
    const held = this.view();
    let size = this.#store.length;
    while (size < held.length + more) size *= 2;
    const store = Buffer.allocUnsafe(size);
    store.set(held);
    this.#end = held.length;
    this.#start = 0;
    this.#store = store;
  }
}

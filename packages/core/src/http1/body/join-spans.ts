/**
 * A body comes in as many parts as its sender cut it into, and a read holds ten thousand chunks of one
 * byte: passed on one by one, each would cost a call, a view and a write. So small parts that follow each
 * other are copied into one.
 */

/** From here on, in bytes, a part is passed on as it is: a copy would cost more than it saves. */
const worthPassing = 1024;
/** Up to here bytes are copied one by one, which is faster than a call. */
const copiedByHand = 32;

/**
 * Adds the parts that the first `used` numbers of `list` (kind, start, end, …) name in `chunk`: views of
 * it where they are large or stand alone, copies of those that are small and many.
 */
export function joinSpans(chunk: Buffer, list: Int32Array, used: number, parts: Buffer[]): void {
  let run = 0;
  let runBytes = 0;
  for (let i = 0; i < used; i += 3) {
    const start = list[i + 1] as number;
    const end = list[i + 2] as number;
    if (end - start < worthPassing) {
      runBytes += end - start;
      continue;
    }
    if (run < i) parts.push(join(chunk, list, run, i, runBytes));
    parts.push(chunk.subarray(start, end));
    run = i + 3;
    runBytes = 0;
  }
  if (run < used) parts.push(join(chunk, list, run, used, runBytes));
}

/** The spans of `list` in `[from, to)`, which hold so many bytes together. */
function join(chunk: Buffer, list: Int32Array, from: number, to: number, bytes: number): Buffer {
  if (to - from === 3) return chunk.subarray(list[from + 1], list[from + 2]);
  const joined = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (let i = from; i < to; i += 3) {
    const start = list[i + 1] as number;
    const end = list[i + 2] as number;
    if (end - start <= copiedByHand) {
      for (let k = start; k < end; k++) joined[at++] = chunk[k] as number;
    } else at += chunk.copy(joined, at, start, end);
  }
  return joined;
}

/**
 * Inflates short messages on the spot by one zlib handle for all connections of the process. A handle for
 * each message, which `inflateRawSync` makes, costs fifteen times as much as a short message does, and
 * leaves garbage that V8 cannot see the size of: a flood of messages of nine bytes took a gigabyte.
 *
 * A shared handle knows nothing of a connection, so each message brings its window along: in front of it
 * stands a stored block (RFC 1951 §3.2.4) with the plain text that the message may refer to, and as much
 * of the output is dropped.
 *
 * Node calls a handle synchronously by itself only for one-shot functions. What is used here is not
 * documented, so it is tried once before it is relied on; where it does not do what it should,
 * `inflateRawSync` serves.
 */
import { constants, createInflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import { usesNodeInternals } from './switch.ts';

/** What came out of a message. `output` is valid until the next one is inflated. */
export interface Inflated {
  readonly output: Uint8Array;
  /** Bytes at the end of the input that zlib did not take, its stream being over. */
  readonly unused: number;
}

/** The output of `inflateShort` would have been longer than its limit. */
export const tooLong = Symbol('too long');

/** Longest input beside the window: a message that is inflated on the spot, and its ending. */
const maxInput = 16 * 1024 + 64;
const maxWindow = 32 * 1024;
const storedHeader = 5;

/** zlib's handle, as far as it is used. */
interface Handle {
  onerror: (message: string, errno: number, code: string) => void;
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputLength: number,
    output: Uint8Array,
    outputStart: number,
    outputLength: number,
  ): void;
}

interface RawStream {
  readonly _handle: Handle;
  /** What the latest call left: of the output, of the input. */
  readonly _writeState: Uint32Array;
}

class InflateEngine {
  readonly #stream: RawStream & { close(): void };
  readonly #input = new Uint8Array(storedHeader + maxWindow + maxInput);
  #output = new Uint8Array(0);
  #error: Error | null = null;

  constructor(windowBits: number) {
    const stream = createInflateRaw({ windowBits });
    stream.on('error', ignore);
    this.#stream = stream as unknown as RawStream & { close(): void };
    this.#stream._handle.onerror = (message, _errno, code) => {
      this.#error = Object.assign(new Error(message), { code });
    };
  }

  /** @throws Error where the input is not what deflate makes */
  inflate(window: Uint8Array, parts: readonly Uint8Array[], limit: number): Inflated | symbol {
    const length = this.#fill(window, parts);
    const room = window.length + limit + 1;
    // For the largest window: it grows with each message, and the output should not.
    if (this.#output.length < room) this.#output = new Uint8Array(maxWindow + limit + 1);
    const { _handle: handle, _writeState: left } = this.#stream;
    handle.reset();
    // Finished: input that ends before its stream does is an error.
    handle.writeSync(constants.Z_FINISH, this.#input, 0, length, this.#output, 0, room);
    if (this.#error !== null) throw this.#error;
    const produced = room - (left[0] as number);
    if (produced === room) return tooLong;
    return { output: this.#output.subarray(window.length, produced), unused: left[1] as number };
  }

  #fill(window: Uint8Array, parts: readonly Uint8Array[]): number {
    const input = this.#input;
    const { length } = window;
    input[0] = 0;
    input[1] = length & 0xff;
    input[2] = length >> 8;
    input[3] = ~length & 0xff;
    input[4] = (~length >> 8) & 0xff;
    input.set(window, storedHeader);
    let end = storedHeader + length;
    for (const part of parts) {
      input.set(part, end);
      end += part.length;
    }
    return end;
  }

  close(): void {
    this.#stream.close();
  }
}

function ignore(): void {
  // `inflate` has thrown it.
}

/** One for each size of a window, 8 to 15 bits, made when it is first needed. */
const engines = new Map<number, InflateEngine>();
let usable: boolean | undefined;

/**
 * Inflates a short message: `payload`, at most 16 KiB, followed by `ending`. `window` is the plain text
 * before it, at most 2^`windowBits` bytes. `tooLong` where more than `limit` bytes come out.
 * @throws Error where it is not what deflate makes
 */
export function inflateShort(
  windowBits: number,
  window: Uint8Array,
  payload: Uint8Array,
  ending: Uint8Array,
  limit: number,
): Inflated | symbol {
  const parts = [payload, ending];
  return inflatesByHandle()
    ? byEngine(windowBits, window, parts, limit)
    : byOneShot(windowBits, window, parts, limit);
}

/** @internal Whether the shared handle is used; found out once. */
export function inflatesByHandle(): boolean {
  usable ??= usesNodeInternals && works();
  return usable;
}

function byEngine(
  windowBits: number,
  window: Uint8Array,
  parts: readonly Uint8Array[],
  limit: number,
): Inflated | symbol {
  const engine = engines.get(windowBits) ?? new InflateEngine(windowBits);
  engines.set(windowBits, engine);
  try {
    return engine.inflate(window, parts, limit);
  } catch (cause) {
    // It may be of no use any more.
    engines.delete(windowBits);
    engine.close();
    throw cause;
  }
}

/** @internal */
export function byOneShot(
  windowBits: number,
  window: Uint8Array,
  parts: readonly Uint8Array[],
  limit: number,
): Inflated | symbol {
  const input = Buffer.concat(parts);
  try {
    // With `info` both the output and the engine come back, which the types do not know.
    const { buffer, engine } = inflateRawSync(input, {
      windowBits,
      ...(window.length === 0 ? {} : { dictionary: window }),
      chunkSize: Math.min(32 * 1024, Math.max(1024, 4 * input.length)),
      maxOutputLength: limit,
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return { output: buffer, unused: input.length - engine.bytesWritten };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      return tooLong;
    }
    throw cause;
  }
}

/**
 * Whether a handle does what it should: inflates by a window, stops at a limit, says what is left, and
 * reports errors.
 */
function works(): boolean {
  try {
    const window = Buffer.from('the plain text before it');
    const plain = Buffer.from('the plain text before it, and after it');
    const dictionary = window;
    const parts = [deflateRawSync(plain, { dictionary }), Buffer.from('rest')];
    const found = byEngine(15, window, parts, 1024) as Inflated;
    const whole = plain.equals(found.output) && found.unused === 4;
    return whole && byEngine(15, window, parts, plain.length - 1) === tooLong && reportsErrors();
  } catch {
    return false;
  }
}

function reportsErrors(): boolean {
  try {
    byEngine(15, new Uint8Array(0), [Buffer.from([0xff, 0xff])], 1024);
    return false;
  } catch {
    return true;
  }
}

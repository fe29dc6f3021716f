/**
 * The binding of llhttp. It knows bytes and offsets only: a call to `execute` copies its input into
 * WebAssembly memory, runs the state machine and has what it calls back noted as spans, that is
 * (kind, start, end) in the caller's own chunk (`span-recorder.ts`). No callback runs foreign code, fails
 * or decides anything, so the parser cannot be re-entered, and every rule of ours is applied after the call.
 *
 * One WebAssembly instance, one input window and one span record serve all parsers of the process:
 * parsing is synchronous, so only one call runs at a time.
 */
import { ERRNO } from './constants.ts';
import { llhttpModule } from './module.ts';
import { createSpanRecorder, listStart, type SpanRecorder, WORD } from './span-recorder.ts';

/**
 * Longest input of one `execute` call. Larger chunks are fed in slices, so that memory does not grow with
 * traffic.
 */
export const windowSize = 65536;

interface LlhttpExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_reset(parser: number): void;
  llhttp_resume(parser: number): void;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
}

/** The spans of the latest `execute` call: kind, start, end, kind, start, end, …, offsets in the chunk. */
class SpanRecord {
  #words: Int32Array = new Int32Array(listStart);
  list: Int32Array = new Int32Array(0);

  /** How many numbers of `list` are in use. */
  get used(): number {
    return this.#words[WORD.USED] as number;
  }

  /** The call ended at the end of a head. */
  get headComplete(): boolean {
    return this.#words[WORD.HEAD_COMPLETE] === 1;
  }

  /** The call ended at the end of a message. */
  get messageComplete(): boolean {
    return this.#words[WORD.MESSAGE_COMPLETE] === 1;
  }

  /** Where llhttp's callbacks write. */
  connect({ words, list }: SpanRecorder): void {
    this.#words = words;
    this.list = list;
  }

  /** A call begins, over bytes that stand at `base` less than their addresses. */
  begin(base: number): void {
    const words = this.#words;
    words[WORD.USED] = 0;
    words[WORD.BASE] = base;
    words[WORD.HEAD_COMPLETE] = 0;
    words[WORD.MESSAGE_COMPLETE] = 0;
  }
}

/** The spans of the latest `execute` call. */
export const record = new SpanRecord();

let shared: LlhttpExports | null = null;
let windowAddress = 0;
let windowView = new Uint8Array(0);

function instance(): LlhttpExports {
  if (shared !== null) return shared;
  const recorder = createSpanRecorder(windowSize);
  record.connect(recorder);
  const env = recorder.imports;
  const exports = new WebAssembly.Instance(llhttpModule(), { env })
    .exports as unknown as LlhttpExports;
  exports._initialize();
  windowAddress = exports.malloc(windowSize);
  shared = exports;
  return exports;
}

/** Size of the memory that all machines share, to be watched by tests. */
export function wasmMemoryBytes(): number {
  return instance().memory.buffer.byteLength;
}

let alive = 0;

/** How many machines, and so parsers, there are that have not been freed: to be compared by tests. */
export function liveParsers(): number {
  return alive;
}

/** One llhttp state machine. Must be freed. */
export class Llhttp {
  readonly #exports: LlhttpExports;
  #pointer: number;
  /**
   * Offset, in the chunk of the latest call, after the last byte that was consumed; of the offending byte
   * after an error.
   */
  consumed = 0;

  constructor(type: number) {
    this.#exports = instance();
    this.#pointer = this.#exports.llhttp_alloc(type);
    if (this.#pointer === 0) throw new RangeError('llhttp: out of WebAssembly memory');
    alive++;
  }

  /** Whether it has been freed. llhttp must not be called any more: it would work at address 0. */
  get freed(): boolean {
    return this.#pointer === 0;
  }

  /** Runs over `chunk[start, end)`, at most `windowSize` bytes, and fills `record`. Returns an errno. */
  execute(chunk: Uint8Array, start: number, end: number): number {
    const exports = this.#exports;
    if (this.freed) throw new RangeError('llhttp: run after it was freed');
    // Growing memory detaches the view.
    if (windowView.length === 0) {
      windowView = new Uint8Array(exports.memory.buffer, windowAddress, windowSize);
    }
    windowView.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    const base = start - windowAddress;
    record.begin(base);
    const errno = exports.llhttp_execute(this.#pointer, windowAddress, end - start);
    this.consumed = errno === ERRNO.OK ? end : exports.llhttp_get_error_pos(this.#pointer) + base;
    return errno;
  }

  /** Goes on after a pause. */
  resume(): void {
    if (!this.freed) this.#exports.llhttp_resume(this.#pointer);
  }

  /** Forgets the message in progress; the next byte begins a new one. */
  reset(): void {
    if (!this.freed) this.#exports.llhttp_reset(this.#pointer);
  }

  /** llhttp's own words for the latest error. */
  get errorReason(): string {
    const bytes = new Uint8Array(this.#exports.memory.buffer);
    let at = this.#exports.llhttp_get_error_reason(this.#pointer);
    let text = '';
    if (at === 0) return text;
    for (let byte = bytes[at]; byte !== undefined && byte !== 0; byte = bytes[++at]) {
      text += String.fromCharCode(byte);
    }
    return text;
  }

  free(): void {
    if (this.#pointer === 0) return;
    this.#exports.llhttp_free(this.#pointer);
    this.#pointer = 0;
    alive--;
  }
}

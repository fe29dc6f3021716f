/// <reference path="./webassembly.d.ts" />
/**
 * What llhttp calls back, as WebAssembly of our own, put together here: a call into JavaScript for each
 * name and value would cost a small request half as much again as the grammar itself. As text, with the
 * numbers of `layout` and one function for each kind of span:
 *
 *   (memory (export "memory") 13 13)
 *   (func (export "wasm_on_url") (param $parser i32) (param $at i32) (param $length i32) (result i32)
 *     (local $to i32)
 *     (local.set $to (i32.shl (i32.load (i32.const 0)) (i32.const 2)))
 *     (i32.store offset=16 (local.get $to) (i32.const KIND))
 *     (i32.store offset=20 (local.get $to)
 *       (local.tee $at (i32.add (local.get $at) (i32.load offset=4 (i32.const 0)))))
 *     (i32.store offset=24 (local.get $to) (i32.add (local.get $at) (local.get $length)))
 *     (i32.store (i32.const 0) (i32.add (i32.shr_u (local.get $to) (i32.const 2)) (i32.const 3)))
 *     (i32.const 0))
 *   (func (export "wasm_on_message_complete") (param $parser i32) (result i32)
 *     (i32.store offset=12 (i32.const 0) (i32.const 1))
 *     (i32.const 21))
 */
import { ERRNO, SPAN } from './constants.ts';

/** Words at the beginning of the memory. The spans follow: kind, start, end, kind, start, end, … */
export const WORD = {
  /** How many numbers of the list are in use. */
  USED: 0,
  /** What turns an address in llhttp's memory into an offset in the chunk under execution. */
  BASE: 1,
  HEAD_COMPLETE: 2,
  MESSAGE_COMPLETE: 3,
} as const;

/** Where the list begins, in words. */
export const listStart = 4;

const pageSize = 65_536;

const op = {
  const: 0x41,
  load: [0x28, 2],
  store: [0x36, 2],
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  add: 0x6a,
  shl: 0x74,
  shiftRight: 0x76,
  end: 0x0b,
} as const;

/** Unsigned LEB128. */
function number(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...number(value >> 7)];
}

const sized = (bytes: readonly number[]): number[] => [...number(bytes.length), ...bytes];
const list = (items: readonly (readonly number[])[]): number[] => [
  ...number(items.length),
  ...items.flat(),
];
const section = (id: number, items: readonly (readonly number[])[]): number[] => [
  id,
  ...sized(list(items)),
];
const word = (index: number): number => index * 4;

const [at, length, to] = [1, 2, 3];

/** Notes a span of a kind. */
function onSpan(kind: number): number[] {
  const start = word(listStart);
  return [
    ...[op.const, 0, ...op.load, word(WORD.USED), op.const, 2, op.shl, op.set, to],
    ...[op.get, to, op.const, kind, ...op.store, start],
    ...[op.get, to, op.get, at, op.const, 0, ...op.load, word(WORD.BASE), op.add, op.tee, at],
    ...[...op.store, start + 4],
    ...[op.get, to, op.get, at, op.get, length, op.add, ...op.store, start + 8],
    ...[op.const, 0, op.get, to, op.const, 2, op.shiftRight, op.const, 3, op.add],
    ...[...op.store, word(WORD.USED)],
    ...[op.const, ERRNO.OK],
  ];
}

/** Notes an end. Pausing there makes llhttp stop at the exact byte. */
const onEnd = (index: number): number[] => [
  ...[op.const, 0, op.const, 1, ...op.store, word(index)],
  ...[op.const, ERRNO.PAUSED],
];

/** Of the functions: all take and return i32. */
const type = { span: 0, notice: 1, headersComplete: 2 } as const;
const parameters = [3, 1, 4] as const;

/** By the names that llhttp imports them under. */
const functions: readonly [name: string, type: 0 | 1 | 2, code: readonly number[]][] = [
  ['wasm_on_url', type.span, onSpan(SPAN.TARGET)],
  ['wasm_on_status', type.span, onSpan(SPAN.STATUS)],
  ['wasm_on_header_field', type.span, onSpan(SPAN.NAME)],
  ['wasm_on_header_value', type.span, onSpan(SPAN.VALUE)],
  ['wasm_on_body', type.span, onSpan(SPAN.BODY)],
  ['wasm_on_message_begin', type.notice, [op.const, ERRNO.OK]],
  ['wasm_on_headers_complete', type.headersComplete, onEnd(WORD.HEAD_COMPLETE)],
  ['wasm_on_message_complete', type.notice, onEnd(WORD.MESSAGE_COMPLETE)],
];

/** The module, for as many spans as a window of bytes can have: one each. */
function moduleBytes(windowSize: number): Uint8Array<ArrayBuffer> {
  const i32 = 0x7f;
  const pages = Math.ceil((word(listStart) + windowSize * word(3)) / pageSize);
  const name = (text: string): number[] => sized([...Buffer.from(text)]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      parameters.map((count) => [0x60, count, ...Array(count).fill(i32), 1, i32]),
    ),
    ...section(
      3,
      functions.map(([, index]) => [index]),
    ),
    ...section(5, [[1, ...number(pages), ...number(pages)]]),
    ...section(7, [
      [...name('memory'), 2, 0],
      ...functions.map(([text], index) => [...name(text), 0, ...number(index)]),
    ]),
    ...section(
      10,
      functions.map(([, index, code]) => {
        const locals = index === type.span ? [1, 1, i32] : [0];
        return sized([...locals, ...code, op.end]);
      }),
    ),
  ]);
}

export interface SpanRecorder {
  /** What llhttp imports. */
  readonly imports: Record<string, unknown>;
  readonly words: Int32Array;
  readonly list: Int32Array;
}

/**
 * A recorder for calls with at most so many bytes. Its memory does not grow, and is touched as far as it is
 * used.
 */
export function createSpanRecorder(windowSize: number): SpanRecorder {
  const module = new WebAssembly.Module(moduleBytes(windowSize));
  const { memory, ...imports } = new WebAssembly.Instance(module).exports;
  const { buffer } = memory as WebAssembly.Memory;
  return {
    imports,
    words: new Int32Array(buffer, 0, listStart),
    list: new Int32Array(buffer, word(listStart)),
  };
}

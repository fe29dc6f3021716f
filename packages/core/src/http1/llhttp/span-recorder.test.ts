import { describe, expect, test } from 'vitest';
import { ERRNO, SPAN } from './constants.ts';
import { llhttpModule } from './module.ts';
import { createSpanRecorder, WORD } from './span-recorder.ts';

type Callback = (...numbers: number[]) => number;
const windowSize = 65_536;

const make = () => {
  const { imports, words, list } = createSpanRecorder(windowSize);
  return { callbacks: imports as Record<string, Callback>, words, list };
};

describe('what llhttp calls back', () => {
  test('is all that it imports', () => {
    const wanted = WebAssembly.Module.imports(llhttpModule()).map(({ name }) => name);
    expect(Object.keys(make().callbacks).sort()).toEqual(wanted.sort());
  });

  test.each([
    ['wasm_on_url', SPAN.TARGET],
    ['wasm_on_status', SPAN.STATUS],
    ['wasm_on_header_field', SPAN.NAME],
    ['wasm_on_header_value', SPAN.VALUE],
    ['wasm_on_body', SPAN.BODY],
  ])('%s notes a span, by its place in the chunk', (name, kind) => {
    const { callbacks, words, list } = make();
    words[WORD.BASE] = -70_000;
    expect(callbacks[name]?.(1, 70_003, 5)).toBe(ERRNO.OK);
    expect(callbacks[name]?.(1, 70_010, 0)).toBe(ERRNO.OK);
    expect(words[WORD.USED]).toBe(6);
    expect([...list.subarray(0, 7)]).toEqual([kind, 3, 8, kind, 10, 10, 0]);
    expect([words[WORD.HEAD_COMPLETE], words[WORD.MESSAGE_COMPLETE]]).toEqual([0, 0]);
  });

  test('the ends pause, the beginning does nothing', () => {
    const { callbacks, words } = make();
    expect(callbacks.wasm_on_message_begin?.(1)).toBe(ERRNO.OK);
    expect([...words]).toEqual([0, 0, 0, 0]);
    expect(callbacks.wasm_on_headers_complete?.(1)).toBe(ERRNO.PAUSED);
    expect([...words]).toEqual([0, 0, 1, 0]);
    expect(callbacks.wasm_on_message_complete?.(1)).toBe(ERRNO.PAUSED);
    expect([...words]).toEqual([0, 0, 1, 1]);
  });

  test('a window in which each byte is a span has room', () => {
    const { callbacks, words, list } = make();
    for (let at = 0; at < windowSize; at++) callbacks.wasm_on_body?.(1, at, 1);
    expect(words[WORD.USED]).toBe(3 * windowSize);
    expect([...list.subarray(3 * windowSize - 3, 3 * windowSize)]).toEqual([
      SPAN.BODY,
      windowSize - 1,
      windowSize,
    ]);
  });
});

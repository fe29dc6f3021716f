import { describe, expect, test } from 'vitest';
import { ERRNO, MESSAGE_TYPE, SPAN } from './constants.ts';
import { Llhttp, liveParsers, record, windowSize } from './instance.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Kind and text of each span of the latest call. */
function spans(chunk: Buffer): [kind: number, text: string][] {
  const found: [number, string][] = [];
  for (let i = 0; i < record.used; i += 3) {
    const [kind = -1, start, end] = record.list.subarray(i, i + 3);
    found.push([kind, chunk.toString('latin1', start, end)]);
  }
  return found;
}

describe('the binding of llhttp', () => {
  test('reports spans of the chunk and stops after a head and after a message', () => {
    const chunk = latin1('GET /x HTTP/1.1\r\nHost: a\r\nE:\r\n\r\nGET');
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    expect(machine.execute(chunk, 0, chunk.length)).toBe(ERRNO.PAUSED);
    expect([record.headComplete, record.messageComplete]).toEqual([true, false]);
    expect(machine.consumed).toBe(chunk.length - 3);
    expect(spans(chunk)).toEqual([
      [SPAN.TARGET, '/x'],
      [SPAN.NAME, 'Host'],
      [SPAN.VALUE, 'a'],
      [SPAN.NAME, 'E'],
      [SPAN.VALUE, ''],
    ]);
    machine.resume();
    expect(machine.execute(chunk, machine.consumed, chunk.length)).toBe(ERRNO.PAUSED);
    expect([record.headComplete, record.messageComplete]).toEqual([false, true]);
    expect(machine.consumed).toBe(chunk.length - 3);
    machine.free();
  });

  test('machines are counted until they are freed, each once', () => {
    const before = liveParsers();
    const machines = [new Llhttp(MESSAGE_TYPE.REQUEST), new Llhttp(MESSAGE_TYPE.RESPONSE)];
    expect(liveParsers()).toBe(before + 2);
    for (const machine of machines) machine.free();
    expect(liveParsers()).toBe(before);
    machines[0]?.free();
    expect(liveParsers()).toBe(before);
  });

  test('offsets are those of the chunk, wherever in it the call begins', () => {
    const chunk = latin1('####GET /x HTTP/1.1\r\nHost: a\r\n\r\n####');
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    machine.execute(chunk, 4, chunk.length);
    expect(spans(chunk)).toEqual([
      [SPAN.TARGET, '/x'],
      [SPAN.NAME, 'Host'],
      [SPAN.VALUE, 'a'],
    ]);
    expect(machine.consumed).toBe(chunk.length - 4);
    machine.free();
  });

  test('an error tells where, why and with which code; reset forgets it', () => {
    const chunk = latin1('GET / HTTP/1.1\r\nHo st: a\r\n\r\n');
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    expect(machine.execute(chunk, 0, chunk.length)).toBe(ERRNO.INVALID_HEADER_TOKEN);
    expect(chunk[machine.consumed]).toBe(0x20);
    expect(machine.errorReason).not.toBe('');
    machine.reset();
    expect(machine.execute(latin1('GET /'), 0, 5)).toBe(ERRNO.OK);
    expect(machine.consumed).toBe(5);
    machine.free();
  });

  test('machines do not disturb each other', () => {
    const one = new Llhttp(MESSAGE_TYPE.REQUEST);
    const other = new Llhttp(MESSAGE_TYPE.REQUEST);
    const [a, b] = [latin1('GET /one HT'), latin1('TP/1.1\r\nA: b\r\n\r\n')];
    one.execute(a, 0, a.length);
    other.execute(latin1('POST /other'), 0, 11);
    expect(one.execute(b, 0, b.length)).toBe(ERRNO.PAUSED);
    expect(spans(b)).toEqual([
      [SPAN.NAME, 'A'],
      [SPAN.VALUE, 'b'],
    ]);
    one.free();
    other.free();
  });

  test('more spans than the record holds at first', () => {
    const names = Array.from({ length: 1000 }, (_, nth) => `n${nth}`);
    const chunk = latin1(`GET / HTTP/1.1\r\n${names.map((name) => `${name}: v\r\n`).join('')}\r\n`);
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    expect(machine.execute(chunk, 0, chunk.length)).toBe(ERRNO.PAUSED);
    expect(spans(chunk).flatMap(([kind, text]) => (kind === SPAN.NAME ? [text] : []))).toEqual(
      names,
    );
    machine.free();
  });

  test('a whole window, and not a byte more', () => {
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    const chunk = latin1(`GET /${'x'.repeat(windowSize)}`);
    expect(machine.execute(chunk, 0, windowSize)).toBe(ERRNO.OK);
    expect(() => machine.execute(chunk, 0, chunk.length)).toThrow(RangeError);
    machine.free();
  });

  test('chunked content comes as spans, its framing not at all', () => {
    const head = latin1('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n');
    const body = latin1('3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\nrest');
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    machine.execute(head, 0, head.length);
    machine.resume();
    expect(machine.execute(body, 0, body.length)).toBe(ERRNO.PAUSED);
    expect(record.messageComplete).toBe(true);
    expect(spans(body)).toEqual([
      [SPAN.BODY, 'abc'],
      [SPAN.NAME, 'T'],
      [SPAN.VALUE, 'v'],
    ]);
    expect(machine.consumed).toBe(body.length - 4);
    machine.free();
  });

  // The build is not to be replaced unseen by one that is more tolerant.
  const refused: readonly [name: string, text: string][] = [
    ['a bare LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
    ['a bare LF after a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n'],
    ['a fold', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nA : b\r\n\r\n'],
    [
      'length and coding',
      'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['chunked, then another', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n'],
    ['a NUL in a value', 'GET / HTTP/1.1\r\nA: \0\r\n\r\n'],
    ['a CR in a value', 'GET / HTTP/1.1\r\nA: b\rc\r\n\r\n'],
    ['a head that ends with CR, CR', 'GET / HTTP/1.1\r\nA: b\r\n\r\r\n'],
  ];

  test.for(refused)('no lenient flag is set: %s is an error', ([, text]) => {
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    const chunk = latin1(text);
    let errno = machine.execute(chunk, 0, chunk.length);
    if (errno === ERRNO.PAUSED) {
      machine.resume();
      errno = machine.execute(chunk, machine.consumed, chunk.length);
    }
    expect([ERRNO.OK, ERRNO.PAUSED]).not.toContain(errno);
    machine.free();
  });
});

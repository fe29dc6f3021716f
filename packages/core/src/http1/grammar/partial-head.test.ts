import { describe, expect, test } from 'vitest';
import { MESSAGE_TYPE, SPAN } from '../llhttp/constants.ts';
import { Llhttp } from '../llhttp/instance.ts';
import { PartialHead } from './partial-head.ts';

function spans(head: PartialHead): [kind: number, text: string][] {
  const found: [number, string][] = [];
  for (let i = 0; i < head.used; i += 3) {
    const [kind = -1, start, end] = head.spans.subarray(i, i + 3);
    found.push([kind, head.bytes.toString('latin1', start, end)]);
  }
  return found;
}

describe('a head that comes in pieces', () => {
  // More fields and bytes than it makes room for at first.
  const names = Array.from({ length: 60 }, (_, nth) => `Name-${nth}`);
  const text = `GET /target HTTP/1.1\r\n${names.map((name) => `${name}: ${'v'.repeat(30)}\r\n`).join('')}E:\r\n\r\n`;
  const expected = [
    [SPAN.TARGET, '/target'],
    ...names.flatMap((name) => [
      [SPAN.NAME, name],
      [SPAN.VALUE, 'v'.repeat(30)],
    ]),
    [SPAN.NAME, 'E'],
    [SPAN.VALUE, ''],
  ];

  test.for([1, 2, 3, 5, 64, 1000, text.length])('of %d bytes is joined', (pieceBytes) => {
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    const head = new PartialHead();
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      // In a chunk of its own, so that offsets begin anew.
      const chunk = bytes.subarray(at, at + pieceBytes);
      machine.execute(chunk, 0, chunk.length);
      head.append(chunk, 0, machine.consumed, 0);
    }
    expect(head.bytes.toString('latin1', 0, head.length)).toBe(text);
    expect(spans(head)).toEqual(expected);
    machine.free();
  });

  test('what has been given back is taken again, empty, unless it is large', () => {
    const small = PartialHead.take();
    small.append(Buffer.from('abc'), 0, 3, 0);
    small.release();
    const again = PartialHead.take();
    expect([again, again.length, again.used]).toEqual([small, 0, 0]);
    const large = Buffer.alloc(70_000);
    again.append(large, 0, large.length, 0);
    const { bytes } = again;
    again.release();
    expect(bytes.length).toBe(0);
    expect(PartialHead.take()).not.toBe(small);
  });

  test('scanned again, it has the spans that an error left out', () => {
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    const head = new PartialHead();
    const bytes = Buffer.from('GET / HTTP/1.1\r\nA: b\r\nNa me: c');
    machine.execute(bytes, 0, bytes.length);
    head.append(bytes, 0, machine.consumed, 0);
    expect(spans(head).at(-1)).toEqual([SPAN.VALUE, 'b']);
    head.scanAgain(machine);
    expect(spans(head).at(-1)).toEqual([SPAN.NAME, 'Na']);
    expect(spans(head).length).toBe(4);
    machine.free();
  });
});

import { describe, expect, test } from 'vitest';
import { ERRNO, MESSAGE_TYPE, SPAN } from '../llhttp/constants.ts';
import { Llhttp, record } from '../llhttp/instance.ts';
import { TrailerReader } from './trailer-reader.ts';

const limits = {
  maxRequestTargetBytes: 1,
  maxRequestHeaderLineBytes: 20,
  maxRequestHeaderBytes: 30,
  maxRequestHeaders: 2,
};

/** Reads a trailer section that is fed in pieces of so many bytes. */
function read(section: string, pieceBytes: number): string | readonly string[] {
  const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
  const start = Buffer.from('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n');
  try {
    machine.execute(start, 0, start.length);
    machine.resume();
    machine.execute(start, machine.consumed, start.length);
    const reader = new TrailerReader(limits);
    const bytes = Buffer.from(section, 'latin1');
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const errno = machine.execute(bytes, at, Math.min(bytes.length, at + pieceBytes));
      const code = reader.append(bytes, at, machine.consumed, 0);
      if (code !== null) return code;
      if (errno === ERRNO.PAUSED) return reader.finish();
      if (errno !== ERRNO.OK) return 'error';
    }
    return 'incomplete';
  } finally {
    machine.free();
  }
}

const tooLarge = 'RIT_ERR_TRAILERS_TOO_LARGE';

const cases: readonly [section: string, outcome: string | string[]][] = [
  ['\r\n', []],
  ['A: b\r\n\r\n', ['A', 'b']],
  ['A:\r\nb: \t c\xff \r\n\r\n', ['A', '', 'b', 'c\xff']],
  [`A: ${'v'.repeat(17)}\r\n\r\n`, ['A', 'v'.repeat(17)]],
  [`A: ${'v'.repeat(18)}\r\n\r\n`, tooLarge],
  [`${'N'.repeat(19)}:\r\n\r\n`, tooLarge],
  [`A:${' '.repeat(20)}v\r\n\r\n`, tooLarge],
  [
    `A: ${'v'.repeat(12)}\r\nB: ${'v'.repeat(12)}\r\n\r\n`,
    ['A', 'v'.repeat(12), 'B', 'v'.repeat(12)],
  ],
  [`A: ${'v'.repeat(12)}\r\nB: ${'v'.repeat(13)}\r\n\r\n`, tooLarge],
  ['A:\r\nB:\r\nC:\r\n\r\n', tooLarge],
  // RFC 9110 §6.5.1: what frames a message has no place after it.
  ['Content-Length: 1\r\n\r\n', 'error'],
  ['content-length:0\r\n\r\n', 'error'],
  ['Transfer-Encoding: x\r\n\r\n', 'error'],
];

describe('trailer sections (RFC 9112 §7.1.2)', () => {
  test.for(cases)('%j', ([section, outcome]) => {
    for (const pieceBytes of [1, 2, 3, 7, section.length]) {
      expect(read(section, pieceBytes), `in pieces of ${pieceBytes}`).toEqual(outcome);
    }
  });

  test('spans before the section are left out', () => {
    const reader = new TrailerReader(limits);
    const head = Buffer.from('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = Buffer.from('2\r\nxx\r\n0\r\nA: b\r\n\r\n');
    const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
    machine.execute(head, 0, head.length);
    machine.resume();
    machine.execute(chunk, 0, chunk.length);
    expect([record.list[0], record.used]).toEqual([SPAN.BODY, 9]);
    expect(reader.append(chunk, chunk.indexOf('A'), chunk.length, 3)).toBe(null);
    expect(reader.finish()).toEqual(['A', 'b']);
    machine.free();
  });
});

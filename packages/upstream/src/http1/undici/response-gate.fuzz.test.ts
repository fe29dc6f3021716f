import { RESPONSE, ResponseParser } from '@reverseit/core/http1';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseGate } from './response-gate.ts';

const field = fc.stringMatching(/^[a-z]{1,8}: [ -~]{0,20}$/);
const fields = fc
  .array(field, { maxLength: 4 })
  .map((lines) => lines.map((l) => `${l}\r\n`).join(''));
const interim = fc
  .tuple(fc.constantFrom(100, 102, 103, 199), fields)
  .map(([status, lines]) => ({ status, text: `HTTP/1.1 ${status} x\r\n${lines}\r\n` }));
const final = fc
  .tuple(fc.constantFrom(200, 204, 304, 404, 599), fields, fc.stringMatching(/^[ -~]{0,50}$/))
  .map(([status, lines, body]) => `HTTP/1.1 ${status} x\r\n${lines}\r\n${body}`);

function split(text: string, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => Buffer.from(text.slice(from, at[i] ?? text.length), 'latin1'));
}

function drain(gate: ResponseGate, chunk: Buffer, through: string[]): void {
  for (let bytes = gate.push(chunk); bytes !== null; bytes = gate.push(null)) {
    through.push(bytes.toString('latin1'));
  }
}

test('whatever the cut: everything but the 100s comes through, interim heads whole', () => {
  fc.assert(
    fc.property(
      fc.array(interim, { maxLength: 8 }),
      final,
      fc.array(fc.nat(), { maxLength: 20 }),
      (interims, last, cuts) => {
        const gate = new ResponseGate();
        gate.begin(65_536, 65_536, false);
        const through: string[] = [];
        const text = interims.map((one) => one.text).join('') + last;
        for (const chunk of split(text, cuts)) if (chunk.length > 0) drain(gate, chunk, through);
        expect(gate.failure).toBe(null);
        const told = interims.filter(({ status }) => status !== 100).map((one) => one.text);
        expect(through.slice(0, told.length)).toEqual(told);
        expect(through.slice(told.length).join('')).toBe(last);
      },
    ),
  );
});

test('any bytes: no throw, nothing made up, a failure is for good', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('HTTP/1.1 ', '100', '200', ' ', '\r\n', '\n', 'x', '1') }),
      fc.array(fc.nat(), { maxLength: 10 }),
      (text, cuts) => {
        const gate = new ResponseGate();
        gate.begin(100, 100, false);
        const through: string[] = [];
        for (const chunk of split(text, cuts)) {
          if (chunk.length > 0 && gate.failure === null) drain(gate, chunk, through);
        }
        const out = through.join('');
        expect(out.length).toBeLessThanOrEqual(text.length);
        // Only whole interim heads are ever left out.
        if (!text.includes('100')) expect(text.startsWith(out)).toBe(true);
      },
    ),
  );
});

const statusLine = /^HTTP\/1\.[01] [1-5]\d\d(?: [^\0\r\n]*)?\r\n/;

test('RFC 9112 §4: a status line passes the gate and the parser of our own, or neither', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('\r', '\n', '\r\n', '\0', ' ', '\t', 'OK', '\xe9', 'X: a'),
        maxLength: 6,
      }),
      fc.constantFrom('HTTP/1.1 200', 'HTTP/1.0 404 ', 'HTTP/1.1 503 x', 'HTTP/1.1 20'),
      fc.array(fc.nat(), { maxLength: 5 }),
      (tail, start, cuts) => {
        // Two more lines, so that no reader waits for an end.
        const text = `${start}${tail}\r\nX: a\r\n\r\n`;
        const gate = new ResponseGate();
        gate.begin(1000, 1000, false);
        for (const chunk of split(text, cuts)) {
          if (chunk.length > 0 && gate.failure === null) drain(gate, chunk, []);
        }
        const isLine = statusLine.test(text);
        expect(gate.failure === null).toBe(isLine);
        const parser = new ResponseParser(1000);
        parser.readHead(Buffer.from(text, 'latin1'), 0);
        // What follows the line is not the gate's to judge.
        if (!isLine) expect(parser.state).toBe(RESPONSE.FAILED);
        parser.free();
      },
    ),
  );
});

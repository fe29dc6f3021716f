import {
  cutsWithin,
  damagedBy,
  requestMutation,
  serializeRequest,
  validRequest,
} from '@reverseit/test-servers/arbitrary-requests';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  byteByByte,
  defaultLimits,
  parseAll,
  summary,
  type Verdict,
} from '../../test/drive-parser.ts';
import { catalog } from '../errors/catalog.ts';
import { fieldLines } from '../http/field-section.ts';

/** So many runs, unless `npm run fuzz` asks for more. */
const runs = (numRuns: number): { numRuns: number } => ({
  numRuns: fc.readConfigureGlobal()?.numRuns ?? numRuns,
});

const messages = fc.array(validRequest, { minLength: 1, maxLength: 4 });
const cuts = fc.array(fc.nat(), { maxLength: 8 });

/** Splits must not matter, and what is refused is refused in the peer's name, once and for all. */
function expectSound(input: Buffer, raw: readonly number[], limits = defaultLimits): Verdict {
  const whole = parseAll(input, [], limits);
  const expected = summary(whole);
  expect(summary(parseAll(input, cutsWithin(input, raw), limits))).toBe(expected);
  expect(summary(parseAll(input, byteByByte(input), limits))).toBe(expected);
  if (whole.code !== null) {
    expect(whole.status).toBeGreaterThanOrEqual(400);
    expect(whole.status).toBeLessThan(600);
    expect(catalog).toHaveProperty(whole.code);
    expect(whole.code).not.toBe('RIT_ERR_INTERNAL');
  }
  for (const { head, complete } of whole.messages) {
    // Framing is never ambiguous behind the parser.
    const names = head.fields.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    expect(names.filter((name) => name === 'content-length').length).toBe(
      head.framing === 'length' ? 1 : 0,
    );
    expect(names.includes('transfer-encoding')).toBe(head.framing === 'chunked');
    expect(names.filter((name) => name === 'host').length).toBeLessThan(2);
    for (const part of head.fields) expect(part).not.toMatch(/[\r\n\0]/);
    expect(head.headers.serialize()).toBe(fieldLines(head.fields));
    expect(head.target).toMatch(/^(?:\/|\*$)/);
    if (complete) expect(head.byteLength).toBeLessThanOrEqual(input.length);
  }
  return whole;
}

test('any sequence of valid requests, split anywhere, parses to itself', () => {
  fc.assert(
    fc.property(messages, cuts, (sequence, raw) => {
      const wires = sequence.map(serializeRequest);
      const input = Buffer.from(wires.map((wire) => wire.text).join(''), 'latin1');
      const verdict = expectSound(input, raw);
      expect(verdict.code).toBe(null);
      expect(verdict.taken).toBe(input.length);
      expect(
        verdict.messages.map(({ head, body: content, trailers, complete }) => ({
          line: [head.method, head.target, head.minorVersion],
          fields: head.fields,
          content,
          trailers,
          complete,
        })),
      ).toEqual(
        wires.map((wire, nth) => ({
          line: [sequence[nth]?.method, sequence[nth]?.target, 1],
          fields: wire.fields,
          content: wire.content,
          trailers: wire.trailers,
          complete: true,
        })),
      );
    }),
  );
});

test('any damage leads to a valid parse or to one refusal, however it is split', () => {
  fc.assert(
    fc.property(
      messages,
      fc.array(requestMutation, { minLength: 1, maxLength: 3 }),
      cuts,
      (sequence, damages, raw) => {
        const wire = sequence.map((one) => serializeRequest(one).text).join('');
        expectSound(Buffer.from(damagedBy(wire, damages), 'latin1'), raw);
      },
    ),
    runs(300),
  );
});

test('any bytes at all', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (array, raw) => {
      expectSound(Buffer.from(array), raw);
    }),
  );
});

test('any bytes in the place of a head or a chunked body', () => {
  const noise = fc.string({
    unit: fc.constantFrom(
      '\r',
      '\n',
      ' ',
      '\t',
      ':',
      ';',
      ',',
      '0',
      '1',
      'a',
      'f',
      'X',
      '\0',
      '\xff',
    ),
    maxLength: 60,
  });
  fc.assert(
    fc.property(
      fc.constantFrom(
        'GET ',
        'GET / HTTP/1.1\r\n',
        'GET / HTTP/1.1\r\nHost: a\r\n',
        'GET / HTTP/1.1\r\nHost: a\r\nContent-Length:',
        'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n',
      ),
      noise,
      fc.constantFrom('', '\r\n\r\n', '\r\nHost: a\r\n\r\n', '\r\n0\r\n\r\n'),
      cuts,
      (start, middle, end, raw) => {
        expectSound(Buffer.from(start + middle + end, 'latin1'), raw);
      },
    ),
    runs(400),
  );
});

test('limits hold for any sizes and any split, and no head above them is accepted', () => {
  const limits = fc.record({
    maxRequestTargetBytes: fc.integer({ min: 1, max: 70 }),
    maxRequestHeaderLineBytes: fc.integer({ min: 8, max: 60 }),
    maxRequestHeaderBytes: fc.integer({ min: 8, max: 200 }),
    maxRequestHeaders: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(validRequest, limits, cuts, (one, chosen, raw) => {
      const wire = serializeRequest(one);
      const verdict = expectSound(Buffer.from(wire.text, 'latin1'), raw, chosen);
      const head = verdict.messages[0]?.head;
      if (head === undefined) return;
      const sizes = [];
      for (let i = 0; i < head.fields.length; i += 2) {
        sizes.push((head.fields[i] ?? '').length + 2 + (head.fields[i + 1] ?? '').length);
      }
      expect(one.target.length).toBeLessThanOrEqual(chosen.maxRequestTargetBytes);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(chosen.maxRequestHeaderLineBytes);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(
        chosen.maxRequestHeaderBytes,
      );
      expect(sizes.length).toBeLessThanOrEqual(chosen.maxRequestHeaders);
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fieldLines } from '../http/field-section.ts';
import { RESPONSE, ResponseParser } from './response-parser.ts';

const maxHeaderBytes = 200;

interface Outcome {
  readonly heads: string[];
  content: string;
  trailers: readonly string[];
  state: number;
  code: string | null;
}

/** What comes of the bytes, cut at the given places. The framing is read as an owner would. */
function parse(bytes: Buffer, cuts: readonly number[]): Outcome {
  const parser = new ResponseParser(maxHeaderBytes);
  const outcome: Outcome = { heads: [], content: '', trailers: [], state: 0, code: null };
  const sink = {
    onBody: (piece: Buffer) => {
      outcome.content += piece.toString('latin1');
    },
  };
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  places.sort((a, b) => a - b);
  for (const [index, start] of places.slice(0, -1).entries()) {
    // A copy: what is kept across chunks must not rest on the caller's memory.
    const chunk = Buffer.from(bytes.subarray(start, places[index + 1]));
    let offset = 0;
    while (offset < chunk.length && parser.state !== RESPONSE.FAILED) {
      if (parser.state === RESPONSE.HEAD) {
        const head = parser.readHead(chunk, offset);
        if (head !== null) {
          const { fields } = head;
          outcome.heads.push(JSON.stringify({ ...head, fields }));
          expect(head.headers.serialize()).toBe(fieldLines(fields));
          if (head.status < 200) parser.next();
          else if (head.fields.includes('chunked')) parser.expectBody('chunked', 0);
          else if (head.fields.includes('Content-Length')) parser.expectBody('length', 5);
          else parser.expectBody('until-close', 0);
        }
      } else if (parser.state === RESPONSE.BODY) parser.readBody(chunk, offset, sink);
      else break;
      offset = parser.offset;
    }
    chunk.fill(0x21);
  }
  outcome.trailers = parser.trailers;
  outcome.state = parser.state;
  outcome.code = parser.error?.code ?? null;
  parser.free();
  return outcome;
}

const fields = fc.array(
  fc.constantFrom(
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'X: \t a  b \t',
    'Y:',
    'Usual: a',
    `Long: ${'z'.repeat(150)}`,
    'bad name: x',
    ': no name',
    'Fold: a\r\n b',
    'Nul: \0',
    'bytes: \x80\xff',
  ),
  { maxLength: 4 },
);
const status = fc.constantFrom(
  '100 Continue',
  '103',
  '200 OK',
  '204 ',
  '304',
  '599 x\x80',
  '99',
  '1000',
);
const version = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'ICY');
const head = fc
  .tuple(version, status, fields, fc.constantFrom('\r\n', '\r\n', '\n'))
  .map(([one, code, lines, end]) => `${[`${one} ${code}`, ...lines, '', ''].join(end)}`);
const content = fc.oneof(
  fc.constantFrom('hello', '5\r\nhello\r\n0\r\n\r\n', '1;x=y\r\na\r\n0\r\nT: v\r\n\r\n', 'g\r\n'),
  fc.string({ maxLength: 20 }),
);
const responses = fc
  .array(fc.oneof(head, content), { minLength: 1, maxLength: 4 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));
const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const cuts = fc.array(fc.nat(), { maxLength: 8 });

test('a response means the same however it is cut, and fails with an error of the backend', () => {
  fc.assert(
    fc.property(fc.oneof(responses, responses, anyBytes), cuts, (bytes, places) => {
      const whole = parse(bytes, []);
      expect(parse(bytes, places)).toEqual(whole);
      if (bytes.length < 200) {
        expect(
          parse(
            bytes,
            Array.from({ length: bytes.length }, (_, i) => i),
          ),
        ).toEqual(whole);
      }
      if (whole.state === RESPONSE.FAILED) expect(whole.code).toMatch(/^RIT_ERR_UPSTREAM_/);
      else expect(whole.code).toBeNull();
    }),
  );
});

import { isReverseItError } from '@reverseit/core/errors';
import { HeaderSection } from '@reverseit/core/http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHead } from './response-head.ts';

const digits = fc.oneof(
  fc.nat({ max: 3000 }).map(String),
  fc.constantFrom('', '00', '+1', '-1', '1, 1', '1 1', '0x1', '9'.repeat(30), '1.0', '1e3'),
);
const codings = fc.constantFrom(
  'chunked',
  'Chunked',
  'gzip',
  'gzip, chunked',
  ',',
  '',
  'x chunked',
);
const field = fc.oneof(
  fc.tuple(fc.constantFrom('Content-Length', 'content-length'), digits),
  fc.tuple(fc.constantFrom('Transfer-Encoding', 'TRANSFER-ENCODING'), codings),
  fc.tuple(fc.constant('Connection'), fc.constantFrom('close', 'keep-alive', 'x,close', '"')),
  fc.tuple(fc.constant('Keep-Alive'), fc.constantFrom('timeout=5', 'timeout=0', 'timeout=-', 'x')),
  fc.tuple(fc.constant('X-Other'), fc.string({ maxLength: 5 })),
);
const max = 2000;

test('a head has one framing beyond doubt, or is the backend\u2019s fault', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      fc.array(field, { maxLength: 5 }),
      fc.boolean(),
      fc.boolean(),
      (status, lines, isHead, isHttp10) => {
        const headers = HeaderSection.parsed(lines.flat());
        const head = readHead(status, '', headers, isHead, isHttp10 ? '1.0' : '1.1', max);
        const named = (name: string) =>
          lines.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
        const lengths = named('content-length');
        const transfer = named('transfer-encoding');
        if (isReverseItError(head)) {
          expect(head.status).toBe(502);
          expect(lines.length).toBeGreaterThan(0);
          return;
        }
        // Nothing that two readers could read in two ways has come through.
        expect(lengths.length > 0 && transfer.length > 0).toBe(false);
        expect(new Set(lengths).size).toBeLessThan(2);
        for (const length of lengths) expect(length).toMatch(/^\d+$/);
        const bodiless = isHead || status === 204 || status === 304;
        if (bodiless) expect(head.contentLength).toBe(0);
        else if (lengths.length > 0) expect(head.contentLength).toBe(Number(lengths[0]));
        else expect(head.contentLength).toBe(null);
        expect(head.contentLength ?? 0).toBeLessThanOrEqual(max);
        // What ends with the connection cannot be followed by anything.
        if (head.untilClose) expect(head.persistent).toBe(false);
        if (named('connection').some((value) => /close/.test(value))) {
          expect(head.persistent).toBe(false);
        }
      },
    ),
  );
});

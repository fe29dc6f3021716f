import { isReverseItError } from '@reverseit/core/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sectionOf } from './request-check.ts';
import { CONNECTION, requestHead } from './request-head.ts';

const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ':', ' ', '\t', '\r', '\n', '\0', '\u010a', '\xe9') }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.stringMatching(/^[a-zA-Z0-9-]{1,20}$/),
);
const names = fc.oneof(
  texts,
  fc.constantFrom('Host', 'content-length', 'connection', 'Expect', 'x-a'),
);

// RFC 9112 §3, §5: what cannot be told apart again must not be written.
test('what is written reads back as what was given, field by field', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom('GET', 'POST'), texts),
      fc.oneof(fc.constant('/a?b'), texts),
      fc.array(fc.tuple(names, texts), { maxLength: 5 }),
      (method, target, pairs) => {
        const fields = ['Host', 'h', ...pairs.flat()];
        const request = { method, target, fields, body: null };
        const section = sectionOf(request);
        const text = isReverseItError(section)
          ? section
          : requestHead(request, section, CONNECTION.CLOSE);
        if (isReverseItError(text)) {
          expect(text.code).toBe('RIT_ERR_INTERNAL');
          return;
        }
        const bytes = Buffer.from(text, 'latin1').toString('latin1');
        const lines = bytes.split('\r\n');
        const length = method === 'POST' ? ['content-length: 0'] : [];
        expect(lines).toEqual([
          `${method} ${target} HTTP/1.1`,
          'host: h',
          'connection: close',
          ...pairs
            .filter(([name]) => name.toLowerCase() !== 'content-length')
            .map(([name, value]) => `${name}: ${value}`),
          ...length,
          '',
          '',
        ]);
        expect(bytes.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
        for (const [name] of pairs) expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
        expect(`${method}${target}`).not.toContain(' ');
      },
    ),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elementStart, parseForwardedElement } from './forwarded-field.ts';

const name = fc.constantFrom('for', 'By', 'HOST', 'proto', 'x', 'ext-1');
const value = fc.oneof(
  fc.constantFrom('192.0.2.1', '_a', 'unknown', 'https'),
  fc
    .string({ unit: fc.constantFrom('a', ',', ';', '"', '\\', '=', ' ') })
    .map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`),
);
const element = fc
  .uniqueArray(fc.tuple(name, value), { selector: ([one]) => one, minLength: 1, maxLength: 4 })
  .map((pairs) => pairs.map(([one, other]) => `${one}=${other}`).join(';'));

test('RFC 7239 §4: elements come apart as they were put together, whatever stands before', () => {
  const before = fc.oneof(
    fc.constant(''),
    fc.string({ unit: 'binary' }).map((text) => `${text},`),
  );
  fc.assert(
    fc.property(before, fc.array(element, { minLength: 1, maxLength: 4 }), (text, elements) => {
      const list = text + elements.join(',');
      let end = list.length;
      for (const one of elements.toReversed()) {
        const start = elementStart(list, end);
        expect(list.substring(start, end)).toBe(one);
        end = start - 1;
      }
    }),
  );
});

test('any text: no exception, and it gets shorter', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ',', ';', '"', '\\', '=', ' ', 'for=') });
  fc.assert(
    fc.property(text, (list) => {
      for (let end = list.length; end > 0; ) {
        const start = elementStart(list, end);
        if (start === -1) break;
        expect(start).toBeLessThanOrEqual(end);
        parseForwardedElement(list.substring(start, end));
        end = start - 1;
      }
    }),
  );
});

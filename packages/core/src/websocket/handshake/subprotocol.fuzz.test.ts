import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readSubprotocols } from './subprotocol.ts';

const names = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const blanks = fc.stringMatching(/^[ \t]{0,2}$/);

it('reads what was offered, in any layout (RFC 6455 §11.3.4)', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(names, blanks, fc.constantFrom(',', ', ', ',,', '\n')), {
        selector: ([name]) => name,
        minLength: 1,
      }),
      (offers) => {
        let text = '';
        for (const [name, blank, separator] of offers)
          text += `${blank}${name}${blank}${separator}`;
        const values = text.replace(/\n$/, '').split('\n');
        expect(readSubprotocols(values)).toEqual(offers.map(([name]) => name));
      },
    ),
  );
});

it('never throws', () => {
  fc.assert(fc.property(fc.array(fc.string()), (values) => void readSubprotocols(values)));
});

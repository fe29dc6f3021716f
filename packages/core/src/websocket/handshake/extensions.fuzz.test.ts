import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatExtension, readExtensions } from './extensions.ts';

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,10}$/);
const extensions = fc.array(
  fc.record({
    name: token,
    parameters: fc.array(fc.record({ name: token, value: fc.option(token) }), { maxLength: 4 }),
  }),
  { maxLength: 4 },
);

it('reads what it writes, in one line or several (RFC 6455 §9.1)', () => {
  fc.assert(
    fc.property(extensions, (list) => {
      const members = list.map(formatExtension);
      expect(readExtensions(members)).toEqual(list);
      expect(readExtensions([members.join(', ')])).toEqual(list);
    }),
  );
});

it('never throws, and what it accepts it can write and read again', () => {
  const text = fc.array(fc.constantFrom('a', 'b', ',', ';', '=', '"', '\\', ' ', '\t', '1'), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        text.map((parts) => parts.join('')),
      ),
      (value) => {
        const read = readExtensions([value]);
        // What is a list where quotes hold tokens is the same one where they may hold anything.
        if (read !== null) expect(readExtensions([value], 'any')).toEqual(read);
        else readExtensions([value], 'any');
        if (read !== null) expect(readExtensions(read.map(formatExtension))).toEqual(read);
      },
    ),
  );
});

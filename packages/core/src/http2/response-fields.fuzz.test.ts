import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sectionSize } from '../http/field-section.ts';
import { HpackDecoder } from './hpack/hpack-decoder.ts';
import { HpackEncoder } from './hpack/hpack-encoder.ts';
import { ResponseGatherer } from './response-fields.ts';

const name = fc.stringMatching(/^x-[a-z0-9]{1,8}$/);
const value = fc.stringMatching(/^[a-z0-9\x80-\xff]{0,20}$/);
const section = fc.array(fc.tuple(name, value), { maxLength: 20 });

test('what is encoded comes back as it is, or is too large', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      section,
      fc.integer({ min: 0, max: 400 }),
      (status, pairs, max) => {
        const fields = pairs.flat();
        const block = new HpackEncoder().encode(status, fields);
        const gatherer = new ResponseGatherer();
        gatherer.begin(false, max);
        expect(new HpackDecoder().decode(Buffer.from(block), gatherer)).toBe(true);
        gatherer.end();
        const size = sectionSize(fields);
        expect(gatherer.fault).toBe('');
        expect(gatherer.status).toBe(status);
        expect(gatherer.tooLarge).toBe(size > max);
        expect(gatherer.fields).toEqual(size > max ? [] : fields);
      },
    ),
  );
});

test('whatever fields there are: malformed, too large, or a response within its limits', () => {
  const any = fc.tuple(
    fc.constantFrom(':status', ':path', 'x', '', 'connection', 'te', 'X'),
    fc.constantFrom('200', '99', '', 'y'.repeat(50)),
    fc.boolean(),
  );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 8 }), fc.boolean(), (fields, isTrailer) => {
      const gatherer = new ResponseGatherer();
      gatherer.begin(isTrailer, 100);
      for (const field of fields) gatherer.onField(...field);
      gatherer.end();
      if (gatherer.fault !== '' || gatherer.tooLarge) return;
      expect(gatherer.status > 0).toBe(!isTrailer);
      for (let i = 0; i < gatherer.fields.length; i += 2) {
        expect(gatherer.fields[i]).not.toMatch(/^:|^$|^connection$/);
      }
    }),
  );
});

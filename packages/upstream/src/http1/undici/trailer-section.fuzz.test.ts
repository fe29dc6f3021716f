import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTrailers } from './trailer-section.ts';

const latin1 = fc.nat({ max: 255 }).map((code) => String.fromCharCode(code));
const name = fc.oneof(
  fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/),
  fc.string({ unit: latin1, maxLength: 4 }),
);
const value = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ' ', '\t', 'é', 'ÿ', ','), maxLength: 12 }),
  fc.string({ unit: latin1, maxLength: 6 }),
);
const sections = fc.array(fc.tuple(name, value), { maxLength: 8 });

/** Where the parser's pieces may come from: one chunk, or several, or copies. */
const layouts = ['one', 'each', 'mixed', 'backwards'] as const;

function layOut(texts: readonly string[], layout: (typeof layouts)[number]): Buffer[] {
  if (layout === 'each')
    return texts.map((text) => Buffer.from(new Uint8Array(Buffer.from(text, 'latin1'))));
  const order = layout === 'backwards' ? texts.toReversed() : texts;
  const chunk = Buffer.from(
    new Uint8Array(Buffer.from(`..${order.join(': ')}..`, 'latin1')).buffer,
  );
  let at = 2;
  const pieces = order.map((text) => {
    const piece = chunk.subarray(at, at + text.length);
    at += text.length + 2;
    return piece;
  });
  if (layout === 'mixed')
    return pieces.map((piece, i) => (i % 3 === 1 ? Buffer.from(piece) : piece));
  return layout === 'backwards' ? pieces.reverse() : pieces;
}

test('sections are decoded exactly, or refused, wherever their bytes lie', () => {
  fc.assert(
    fc.property(
      sections,
      fc.constantFrom(...layouts),
      fc.nat({ max: 60 }),
      (fields, layout, max) => {
        const texts = fields.flat();
        const trimmed = fields.map(([n, v]) => [n, v.replace(/^[ \t]+|[ \t]+$/g, '')] as const);
        const answer = readTrailers(layOut(texts, layout), max);
        const size = trimmed.reduce((sum, [n, v]) => sum + n.length + 2 + v.length, 0);
        const clean = trimmed.every(
          // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of it
          ([n, v]) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(n) && !/[\0-\x08\x0a-\x1f\x7f]/.test(v),
        );
        if (size <= max && clean) expect(answer).toEqual(trimmed.flat());
        else {
          const allowed = [
            ...(size > max ? ['RIT_ERR_UPSTREAM_HEAD_TOO_LARGE'] : []),
            ...(clean ? [] : ['RIT_ERR_UPSTREAM_PROTOCOL']),
          ];
          expect(allowed).toContain('code' in answer ? answer.code : answer);
        }
      },
    ),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventParser, type ServerEvent } from './event-parser.ts';

const parse = (chunks: readonly string[]): readonly ServerEvent[] => {
  const parser = new EventParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
};

it.each<[string, string, readonly ServerEvent[]]>([
  ['an event', 'data: a\n\n', [{ type: 'message', data: 'a' }]],
  ['a named one', 'event: stats\ndata: {}\n\n', [{ type: 'stats', data: '{}' }]],
  ['lines that are joined', 'data: a\ndata:b\ndata\n\n', [{ type: 'message', data: 'a\nb\n' }]],
  ['one space only is left out', 'data:  a\n\n', [{ type: 'message', data: ' a' }]],
  [
    'comments and other fields',
    ': beat\nid: 1\nretry: 5\nfoo\ndata: a\n\n',
    [{ type: 'message', data: 'a' }],
  ],
  ['an event without data', 'event: a\n\ndata: b\n\n', [{ type: 'message', data: 'b' }]],
  ['an event that is not complete', 'data: a\n\ndata: b\n', [{ type: 'message', data: 'a' }]],
  ['a byte order mark', '\uFEFFdata: a\n\n', [{ type: 'message', data: 'a' }]],
  [
    'CR',
    'data: a\r\rdata: b\r\r',
    [
      { type: 'message', data: 'a' },
      { type: 'message', data: 'b' },
    ],
  ],
  [
    'CRLF',
    'data: a\r\n\r\ndata: b\r\n\r\n',
    [
      { type: 'message', data: 'a' },
      { type: 'message', data: 'b' },
    ],
  ],
])('WHATWG HTML §9.2.6: %s, at every split', (_, text, expected) => {
  expect(parse([text])).toEqual(expected);
  expect(parse([...text])).toEqual(expected);
  for (let i = 0; i <= text.length; i += 1) {
    expect(parse([text.slice(0, i), text.slice(i)])).toEqual(expected);
  }
});

it('reads what was written, however it is split', () => {
  const line = fc.string().map((text) => text.replace(/[\r\n\uFEFF]/g, ''));
  const event = fc.record({
    type: line.filter((text) => text !== ''),
    data: fc.array(line, { minLength: 1 }),
  });
  const end = fc.constantFrom('\n', '\r\n', '\r');
  fc.assert(
    fc.property(fc.array(event), end, fc.array(fc.nat()), (events, eol, cuts) => {
      const text = events
        .map(({ type, data }) =>
          [`event: ${type}`, ...data.map((part) => `data: ${part}`), '', ''].join(eol),
        )
        .join('');
      const at = [
        0,
        ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b),
        text.length,
      ];
      const chunks = at.slice(1).map((to, i) => text.slice(at[i], to));
      expect(parse(chunks)).toEqual(
        events.map(({ type, data }) => ({ type, data: data.join('\n') })),
      );
    }),
  );
});

it('never throws', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' })), (chunks) => void parse(chunks)));
});

it('an event without end is refused', () => {
  const parser = new EventParser();
  const chunk = 'x'.repeat(2 ** 20);
  expect(() => {
    for (let i = 0; i < 65; i += 1) parser.push(chunk);
  }).toThrow(RangeError);
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseTextHeader } from './header-text.ts';

it('§2.1 any line: a header with whole ports, or a reason', () => {
  const part = fc.oneof(fc.ipV4(), fc.ipV6(), fc.nat(70_000).map(String), fc.string());
  const line = fc
    .tuple(fc.constantFrom('PROXY', 'proxy', ''), fc.constantFrom('TCP4', 'TCP6', 'UNKNOWN', 'x'))
    .chain(([name, protocol]) =>
      fc.array(part, { maxLength: 5 }).map((rest) => [name, protocol, ...rest].join(' ')),
    );
  fc.assert(
    fc.property(fc.oneof(line, fc.string()), (text) => {
      const header = parseTextHeader(text);
      if (typeof header === 'string') {
        expect(header).not.toBe('');
        return;
      }
      for (const end of [header.source, header.destination]) {
        expect(end === null ? 0 : end.port).toBeLessThanOrEqual(65535);
      }
    }),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fixedFault, parseBinaryHeader, signature } from './header-binary.ts';

it('§2.2 any bytes whose beginning is accepted: a header or a reason', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0x20, 0x21),
      fc.constantFrom(0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32),
      fc.uint8Array({ maxLength: 400 }),
      (command, family, rest) => {
        const fixed = [command, family, rest.length >> 8, rest.length & 0xff];
        const bytes = Buffer.concat([signature, Buffer.from(fixed), rest]);
        if (fixedFault(bytes) !== null) return;
        const header = parseBinaryHeader(bytes);
        if (typeof header !== 'string') expect(header.source === null).toBe(header.family === null);
      },
    ),
  );
});

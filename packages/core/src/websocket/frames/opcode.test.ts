import { describe, expect, it } from 'vitest';
import { isControlOpcode, isOpcode } from './opcode.ts';

describe('opcodes (RFC 6455 §5.2)', () => {
  const known = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa];
  for (let opcode = 0; opcode < 16; opcode++) {
    it(`${opcode.toString(16)} is ${known.includes(opcode) ? 'known' : 'reserved'}`, () => {
      expect(isOpcode(opcode)).toBe(known.includes(opcode));
      expect(isControlOpcode(opcode)).toBe(opcode >= 8);
    });
  }
});

/** Opcodes of frames (RFC 6455 §5.2, §11.8). */

export const opcodes = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

export type Opcode = (typeof opcodes)[keyof typeof opcodes];

/** Opcodes with the high bit set are control frames, the reserved ones too (RFC 6455 §5.5). */
export function isControlOpcode(opcode: number): boolean {
  return opcode >= 0x8;
}

/** False for 3–7 and B–F, which only an extension could give a meaning. */
export function isOpcode(opcode: number): opcode is Opcode {
  return opcode <= opcodes.binary || (opcode >= opcodes.close && opcode <= opcodes.pong);
}

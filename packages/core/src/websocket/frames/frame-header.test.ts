import { describe, expect, it } from 'vitest';
import {
  FrameHeader,
  frameHeaderLength,
  maxHeaderLength,
  writeFrameHeader,
} from './frame-header.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

function read(bytes: Uint8Array, at = 0): FrameHeader {
  const header = new FrameHeader();
  header.readStart(bytes, at);
  expect(header.readLength(bytes, at)).toBe('minimal');
  header.readMaskingKey(bytes, at);
  return header;
}

describe('reading a header (RFC 6455 §5.2)', () => {
  it.each([
    ['81 05', { fin: true, reserved: 0, opcode: 1, masked: false, payloadLength: 5, length: 2 }],
    ['01 03', { fin: false, opcode: 1, payloadLength: 3 }],
    ['80 02', { fin: true, opcode: 0, payloadLength: 2 }],
    ['89 85 37 fa 21 3d', { opcode: 9, masked: true, length: 6, maskingKey: 0x3d21fa37 }],
    ['c1 00', { reserved: 4, rsv1: true }],
    ['a1 00', { reserved: 2, rsv1: false }],
    ['91 00', { reserved: 1, rsv1: false }],
    ['82 7d', { payloadLength: 125, length: 2 }],
    ['82 7e 00 7e', { payloadLength: 126, length: 4 }],
    ['82 7e ff ff', { payloadLength: 65535, length: 4 }],
    ['82 7f 00 00 00 00 00 01 00 00', { payloadLength: 65536, length: 10 }],
    ['82 7f 00 00 00 00 80 00 00 00', { payloadLength: 2 ** 31 }],
    ['82 7f 00 00 00 00 ff ff ff ff', { payloadLength: 2 ** 32 - 1 }],
    ['82 7f 00 00 00 01 00 00 00 00', { payloadLength: 2 ** 32 }],
    ['82 7f 00 1f ff ff ff ff ff ff', { payloadLength: Number.MAX_SAFE_INTEGER }],
    [
      '82 ff 00 00 00 00 00 01 00 00 01 02 03 04',
      { payloadLength: 65536, length: 14, lengthEnd: 10, maskingKey: 0x04030201 },
    ],
  ])('%s', (text, fields) => {
    expect(read(hex(text))).toMatchObject(fields);
    const shifted = Buffer.concat([Buffer.from([0xff, 0xff, 0xff]), hex(text)]);
    expect(read(shifted, 3)).toMatchObject(fields);
  });

  it.each([
    ['81 7e 00 00', 'malformed'],
    ['81 7e 00 7d', 'malformed'],
    ['81 7f 00 00 00 00 00 00 00 00', 'malformed'],
    ['81 7f 00 00 00 00 00 00 00 7d', 'malformed'],
    ['81 7f 00 00 00 00 00 00 ff ff', 'malformed'],
    ['81 7f 80 00 00 00 00 00 00 00', 'malformed'],
    ['81 7f ff ff ff ff ff ff ff ff', 'malformed'],
    ['81 7f 00 20 00 00 00 00 00 00', 'unsafe'],
    ['81 7f 7f ff ff ff ff ff ff ff', 'unsafe'],
  ])('length %s is %s', (text, form) => {
    const header = new FrameHeader();
    header.readStart(hex(text), 0);
    expect(header.readLength(hex(text), 0)).toBe(form);
  });

  it('forgets the key of the last frame', () => {
    const header = read(hex('81 80 01 02 03 04'));
    header.readStart(hex('81 00'), 0);
    header.readMaskingKey(hex('81 00'), 0);
    expect(header.maskingKey).toBe(0);
  });
});

describe('writing a header (RFC 6455 §5.2)', () => {
  it.each([
    [true, false, 1, 5, null, '8105'],
    [false, true, 2, 125, null, '427d'],
    [true, false, 2, 126, null, '827e007e'],
    [true, false, 2, 65535, null, '827effff'],
    [true, false, 2, 65536, null, '827f0000000000010000'],
    [true, false, 2, 2 ** 32 + 7, null, '827f0000000100000007'],
    [true, false, 2, Number.MAX_SAFE_INTEGER, null, '827f001fffffffffffff'],
    [true, false, 9, 0, 0, '898000000000'],
    [true, false, 8, 2, -0x01020305, '8882fbfcfdfe'],
    [true, false, 2, 65536, 0x3d21fa37, '82ff000000000001000037fa213d'],
  ])('fin %s, rsv1 %s, opcode %d, %d bytes, key %s', (fin, rsv1, opcode, length, key, wire) => {
    const target = Buffer.alloc(maxHeaderLength + 3, 0xaa);
    const written = writeFrameHeader(target, 2, fin, rsv1, opcode, length, key);
    expect(target.subarray(2, 2 + written).toString('hex')).toBe(wire);
    expect(written).toBe(frameHeaderLength(length, key !== null));
    expect(target[1]).toBe(0xaa);
    expect(target[2 + written]).toBe(0xaa);
    expect(read(target, 2)).toMatchObject({
      fin,
      rsv1,
      opcode,
      payloadLength: length,
      masked: key !== null,
      length: written,
    });
  });
});

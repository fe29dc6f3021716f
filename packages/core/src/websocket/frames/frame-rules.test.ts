import { describe, expect, it } from 'vitest';
import { Fragmentation } from './fragmentation.ts';
import { FrameHeader } from './frame-header.ts';
import { checkFrameLength, checkFrameStart } from './frame-rules.ts';

const limits = { maxFrameBytes: 10, maxMessageBytes: 10, maxFragments: 10 };

/** The verdict on two bytes, with or without a message open. */
function start(first: number, second: number, compression: boolean, open = false): string | null {
  const header = new FrameHeader();
  header.readStart(Uint8Array.of(first, second), 0);
  const message = new Fragmentation(limits);
  if (open) message.begin(1, false, 0);
  return checkFrameStart(header, message, { masked: true, compression });
}

describe('the first two bytes', () => {
  const reserved = 'RIT_ERR_WS_RESERVED_BITS';
  const control = 'RIT_ERR_WS_CONTROL_FRAME';
  it.each([
    ['text', 0x81, 0x85, null],
    ['binary, not final', 0x02, 0x80, null],
    ['ping', 0x89, 0xfd, null],
    ['RSV1 (RFC 6455 §5.2)', 0xc1, 0x80, reserved],
    ['RSV2 (RFC 6455 §5.2)', 0xa1, 0x80, reserved],
    ['RSV3 (RFC 6455 §5.2)', 0x91, 0x80, reserved],
    ['reserved bits come before the opcode', 0xf3, 0x00, reserved],
    ['the opcode comes before the mask', 0x83, 0x00, 'RIT_ERR_WS_OPCODE'],
    ['the mask comes before the rest', 0x09, 0x7f, 'RIT_ERR_WS_MASK'],
    ['a control frame in parts (RFC 6455 §5.5)', 0x09, 0x80, control],
    ['a control frame of 126 bytes (RFC 6455 §5.5)', 0x89, 0xfe, control],
    ['a control frame of 64-bit length (RFC 6455 §5.5)', 0x89, 0xff, control],
    ['a continuation of nothing (RFC 6455 §5.4)', 0x80, 0x80, 'RIT_ERR_WS_FRAGMENTATION'],
  ])('%s', (_, first, second, verdict) => expect(start(first, second, false)).toBe(verdict));

  it.each([
    ['text', 0xc1, null],
    ['binary', 0xc2, null],
    ['a ping', 0xc9, reserved],
    ['a close', 0xc8, reserved],
    ['text with RSV2 too', 0xe1, reserved],
  ])('RSV1 on %s, once compression is agreed on (RFC 7692 §6)', (_, first, verdict) => {
    expect(start(first, 0x80, true)).toBe(verdict);
  });

  it('RSV1 never stands on a continuation (RFC 7692 §6.1)', () => {
    expect(start(0xc0, 0x80, true, true)).toBe(reserved);
    expect(start(0x80, 0x80, true, true)).toBeNull();
  });
});

describe('the length', () => {
  const header = new FrameHeader();
  const message = new Fragmentation(limits);
  it.each([
    [0x82, 10, 'minimal', null],
    [0x82, 11, 'minimal', 'RIT_ERR_WS_FRAME_TOO_LARGE'],
    [0x89, 125, 'minimal', null],
    [0x82, 0, 'malformed', 'RIT_ERR_WS_LENGTH_FORM'],
    [0x82, 0, 'unsafe', 'RIT_ERR_WS_FRAME_TOO_LARGE'],
  ] as const)('%d of %d bytes, %s', (first, length, form, verdict) => {
    header.readStart(Uint8Array.of(first, length), 0);
    expect(checkFrameLength(header, message, form)).toBe(verdict);
  });
});

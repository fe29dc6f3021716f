import { describe, expect, it } from 'vitest';
import { closeFrame, readCloseStatus } from './control-frame.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');
const misuse = expect.objectContaining({ code: 'RIT_ERR_INTERNAL' });

describe('building control frames (RFC 6455 §5.5)', () => {
  it.each([
    ['without code', closeFrame(1005, 'dropped', null), '8800'],
    ['with a code', closeFrame(1000, '', null), '880203e8'],
    ['with a reason', closeFrame(4999, 'bye', null), '88051387627965'],
    ['masked', closeFrame(1000, '', 0x3d21fa37), '888237fa213d3412'],
  ])('close %s', (_, bytes, wire) => expect(bytes.toString('hex')).toBe(wire));

  it('cuts a long reason at a character', () => {
    const bytes = closeFrame(1011, `${'x'.repeat(122)}é and more`, null);
    expect(bytes[1]).toBe(124);
    expect(bytes.length).toBe(126);
  });

  it.each([0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65536])('never sends %d', (code) => {
    expect(() => closeFrame(code, '', null)).toThrow(misuse);
  });
});

describe('reading a close frame (RFC 6455 §5.5.1)', () => {
  it.each([
    ['', { code: 1005, reason: '' }],
    ['03e8', { code: 1000, reason: '' }],
    ['0bb8 6f 6b', { code: 3000, reason: 'ok' }],
    ['03f6 c3 a9', { code: 1014, reason: 'é' }],
    ['03e8 ef bb bf 78', { code: 1000, reason: '\ufeffx' }],
    ['03', 'RIT_ERR_WS_CLOSE_CODE'],
    ['0000', 'RIT_ERR_WS_CLOSE_CODE'],
    ['03e7', 'RIT_ERR_WS_CLOSE_CODE'],
    ['03ec', 'RIT_ERR_WS_CLOSE_CODE'],
    ['03ed', 'RIT_ERR_WS_CLOSE_CODE'],
    ['03ee', 'RIT_ERR_WS_CLOSE_CODE'],
    ['03f7', 'RIT_ERR_WS_CLOSE_CODE'],
    ['03f8', 'RIT_ERR_WS_CLOSE_CODE'],
    ['07d0', 'RIT_ERR_WS_CLOSE_CODE'],
    ['1388', 'RIT_ERR_WS_CLOSE_CODE'],
    ['ffff', 'RIT_ERR_WS_CLOSE_CODE'],
    ['03e8 ff', 'RIT_ERR_WS_UTF8'],
    ['03e8 c3', 'RIT_ERR_WS_UTF8'],
    ['03e8 ed a0 80', 'RIT_ERR_WS_UTF8'],
  ])('%s', (text, status) => expect(readCloseStatus(hex(text))).toEqual(status));
});

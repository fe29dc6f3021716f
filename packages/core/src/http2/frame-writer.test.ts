import { expect, test } from 'vitest';
import {
  dataFrameHeader,
  goawayFrame,
  headersFrames,
  pingFrame,
  resetFrame,
  settingsAck,
  settingsFrame,
  windowUpdateFrame,
} from './frame-writer.ts';
import { H2_ERROR, SETTING } from './protocol.ts';

test.each([
  ['DATA (RFC 9113 §6.1)', dataFrameHeader(1, 16_384, false), '004000000000000001'],
  ['DATA with END_STREAM', dataFrameHeader(0x7fff_ffff, 0, true), '00000000017fffffff'],
  ['HEADERS (§6.2)', headersFrames(3, Buffer.from('88', 'hex'), true), '00000101050000000388'],
  ['RST_STREAM (§6.4)', resetFrame(1, H2_ERROR.CANCEL), '00000403000000000100000008'],
  [
    'SETTINGS (§6.5)',
    settingsFrame([[SETTING.MAX_CONCURRENT_STREAMS, 100]]),
    '000006040000000000000300000064',
  ],
  ['SETTINGS with ACK', settingsAck(), '000000040100000000'],
  [
    'PING (§6.7)',
    pingFrame(Buffer.from('0102030405060708', 'hex'), true),
    '0000080601000000000102030405060708',
  ],
  ['GOAWAY (§6.8)', goawayFrame(5, H2_ERROR.NO_ERROR, 'x'), '000009070000000000000000050000000078'],
  ['WINDOW_UPDATE (§6.9)', windowUpdateFrame(0, 1), '00000408000000000000000001'],
])('%s', (_, frame, hex) => {
  expect(frame.toString('hex')).toBe(hex);
});

test('a header block beyond a frame goes on in CONTINUATION (§6.10)', () => {
  const frames = headersFrames(1, Buffer.alloc(16_384 * 2 + 1, 7), true);
  const heads = [0, 16_393, 32_786].map((at) => frames.subarray(at, at + 9).toString('hex'));
  expect(heads).toEqual(['004000010100000001', '004000090000000001', '000001090400000001']);
  expect(frames).toHaveLength(16_384 * 2 + 1 + 27);
});

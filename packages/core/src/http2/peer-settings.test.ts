import { expect, test } from 'vitest';
import { PeerSettings } from './peer-settings.ts';
import { H2_ERROR, SETTING } from './protocol.ts';

function payload(...settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(settings.length * 6);
  for (const [i, [id, value]] of settings.entries()) {
    bytes.writeUInt16BE(id, i * 6);
    bytes.writeUInt32BE(value, i * 6 + 2);
  }
  return bytes;
}

test('what was said last counts (RFC 9113 §6.5.3)', () => {
  const peer = new PeerSettings('server');
  expect(peer.maxStreams).toBe(Number.POSITIVE_INFINITY);
  const settings = payload(
    [SETTING.MAX_CONCURRENT_STREAMS, 1],
    [SETTING.MAX_CONCURRENT_STREAMS, 7],
    [SETTING.INITIAL_WINDOW_SIZE, 100],
  );
  expect(peer.apply(settings)).toBe(H2_ERROR.NO_ERROR);
  expect(peer).toMatchObject({ maxStreams: 7, initialWindow: 100, windowChange: 100 - 65_535 });
  expect(peer.apply(payload([0xabcd, 1]))).toBe(H2_ERROR.NO_ERROR);
  expect(peer).toMatchObject({ maxStreams: 7, windowChange: 0, tableSizeSeen: false });
  peer.apply(payload([SETTING.HEADER_TABLE_SIZE, 0]));
  expect(peer.tableSizeSeen).toBe(true);
});

test.each([
  ['§6.5.2: a window beyond 2^31 - 1', SETTING.INITIAL_WINDOW_SIZE, 0x8000_0000, 'both', 0x3],
  ['§6.5.2: frames smaller than any peer takes', SETTING.MAX_FRAME_SIZE, 16_383, 'both', 0x1],
  ['§6.5.2: frames that have no length', SETTING.MAX_FRAME_SIZE, 0x100_0000, 'both', 0x1],
  ['§6.5.2: ENABLE_PUSH of 2', SETTING.ENABLE_PUSH, 2, 'both', 0x1],
  ['§6.5.2: a server that is pushed to', SETTING.ENABLE_PUSH, 1, 'server', 0x1],
  ['RFC 8441 §3', SETTING.ENABLE_CONNECT_PROTOCOL, 2, 'both', 0x1],
] as const)('%s', (_, id, value, of, code) => {
  const error = (peer: 'client' | 'server') => new PeerSettings(peer).apply(payload([id, value]));
  expect(error('server')).toBe(code);
  expect(error('client')).toBe(of === 'both' ? code : H2_ERROR.NO_ERROR);
});

import { expect, test } from 'vitest';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { connectionPreface, H2_ERROR } from './protocol.ts';

// What each frame must be is in `server/http2/rfc9113.test.ts`, by the sections of RFC 9113.

const silent: FrameSink = {
  onDataFrame: ignore,
  onDataBytes: ignore,
  onDataFrameEnd: ignore,
  onHeaders: ignore,
  onReset: ignore,
  onSettings: ignore,
  onSettingsAck: ignore,
  onPing: ignore,
  onGoaway: ignore,
  onWindowUpdate: ignore,
  onIgnored: ignore,
  onStreamError: ignore,
};

function ignore(): void {}

const settings = '000000040000000000';
const beginning = `${Buffer.from(connectionPreface).toString('hex')}${settings}`;

function feed(reader: FrameReader, hex: string): void {
  const chunk = Buffer.from(hex, 'hex');
  for (let at = 0; at < chunk.length; ) at = reader.read(chunk, at);
}

test('one frame at a time', () => {
  const reader = new FrameReader(silent, 100, 'client');
  feed(reader, beginning);
  const two = Buffer.from(settings + settings, 'hex');
  expect(reader.read(two, 0)).toBe(9);
  expect(reader.read(two, 9)).toBe(18);
});

test('a header block of the most bytes that are taken, and one more', () => {
  for (const [length, error] of [
    [100, undefined],
    [101, H2_ERROR.ENHANCE_YOUR_CALM],
  ] as const) {
    const reader = new FrameReader(silent, 100, 'client');
    feed(reader, beginning);
    feed(reader, `000032010000000001${'82'.repeat(50)}`);
    expect(reader.insideBlock).toBe(true);
    const rest = length - 50;
    feed(reader, `0000${rest.toString(16).padStart(2, '0')}090400000001${'82'.repeat(rest)}`);
    expect(reader.error?.code).toBe(error);
  }
});

test('after an error nothing is read', () => {
  const reader = new FrameReader(
    { ...silent, onSettings: () => expect.unreachable() },
    100,
    'client',
  );
  reader.fail(H2_ERROR.PROTOCOL_ERROR, 'first');
  reader.fail(H2_ERROR.NO_ERROR, 'second');
  feed(reader, beginning);
  expect(reader.error).toEqual({ code: H2_ERROR.PROTOCOL_ERROR, text: 'first' });
});

test('a server begins with SETTINGS, and with nothing else (RFC 9113 §3.4)', () => {
  for (const [hex, text] of [
    [settings, undefined],
    ['000000040100000000', 'the first frame is not SETTINGS'],
    ['000008060000000000', 'the first frame is not SETTINGS'],
    [Buffer.from('HTTP/1.1 400 ').toString('hex'), 'frame larger than SETTINGS_MAX_FRAME_SIZE'],
  ] as const) {
    const reader = new FrameReader(silent, 100, 'server');
    feed(reader, hex);
    expect(reader.error?.text).toBe(text);
  }
});

test('a limit on header blocks is raised, and never lowered', () => {
  const reader = new FrameReader(silent, 10, 'server');
  reader.allowBlocks(100);
  reader.allowBlocks(50);
  feed(reader, `${settings}000064010400000001${'82'.repeat(100)}`);
  expect(reader.error).toBeNull();
});

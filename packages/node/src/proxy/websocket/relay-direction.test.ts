/** What becomes of the bytes of a peer that is not listened to any more. */
import { ReadBuffer } from '@reverseit/core/internal';
import type { FrameReaderOptions } from '@reverseit/core/websocket';
import { expect, test, vi } from 'vitest';
import { RelayDirection } from './relay-direction.ts';
import type { RelaySettings } from './relay-settings.ts';
import type { RelaySide } from './relay-side.ts';

const rules: FrameReaderOptions = {
  role: 'server',
  compression: false,
  reportData: 'none',
  reportPings: true,
  maxFrameBytes: 1000,
  maxMessageBytes: 1000,
  maxFragments: 1000,
  minFragmentBytes: 0,
  validateUtf8: true,
  passBelowBytes: 0,
};
const readSize = 65_536;
/** RFC 6455 §5.2: reserved bits without an extension that gives them a meaning. */
const invalid = Buffer.from([0xf1, 0x80, 0, 0, 0, 0]);

function failedDirection() {
  const source = { isClient: true, exclusive: true, gone: false, pause: vi.fn(), resume: vi.fn() };
  const sink = { takesFrames: true, blocked: false, isFlushed: true, pendingClose: null };
  const owner = {
    onFailure: vi.fn(),
    onCloseFrame: vi.fn(),
    onFrameEnd: vi.fn(),
    onSourceEnd: vi.fn(),
  };
  const direction = new RelayDirection(
    source as unknown as RelaySide,
    { ...sink, push: vi.fn(), flush: vi.fn() } as unknown as RelaySide,
    owner,
    {} as RelaySettings,
    rules,
    null,
  );
  direction.onData(invalid);
  expect(owner.onFailure).toHaveBeenCalledOnce();
  vi.clearAllMocks();
  return { source, direction };
}

test('they are read into the same memory, over and over', () => {
  const { direction } = failedDirection();
  const buffer = new ReadBuffer({
    expectsBody: true,
    onRead: (bytes) => {
      direction.onData(buffer.lend(bytes));
      return true;
    },
  });
  const { onread } = buffer;
  onread.buffer();
  onread.callback(readSize);
  // After a long read, memory of its own.
  expect(onread.buffer()).toBeInstanceOf(Buffer);
  for (let read = 0; read < 10; read++) {
    onread.callback(readSize);
    // Nothing new.
    expect(onread.buffer()).toBeUndefined();
  }
  direction.stop();
});

test('they are read for a share of the turn, and no longer', async () => {
  const { source, direction } = failedDirection();
  let reads = 0;
  while (source.pause.mock.calls.length === 0 && reads < 100) {
    direction.onData(Buffer.alloc(readSize));
    reads++;
  }
  expect(reads).toBeLessThan(32);
  expect(source.resume).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(source.resume).toHaveBeenCalledOnce());
  direction.stop();
});

test('nobody waits for the turn of a peer that is gone', () => {
  const { source, direction } = failedDirection();
  source.gone = true;
  for (let read = 0; read < 32; read++) direction.onData(Buffer.alloc(readSize));
  expect(direction.waitsForTurn).toBe(false);
});

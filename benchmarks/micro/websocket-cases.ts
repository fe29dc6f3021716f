/** WebSocket: frames, masks and text. */
import { applyMask, FrameReader, frame, steps, Utf8Stream } from '@reverseit/core/websocket';
import { do_not_optimize } from 'mitata';
import { makeFrame } from '../load/websocket.ts';
import { eight, inTurn, type MicroCase } from './case.ts';

/** Frames of a client, on their way to a backend. */
const newReader = (): FrameReader =>
  new FrameReader({
    role: 'server',
    compression: false,
    validateUtf8: true,
    reportData: 'none',
    passBelowBytes: 0,
    reportPings: true,
    maxFrameBytes: 16_777_216,
    maxMessageBytes: 16_777_216,
    maxFragments: 65_536,
  });

function reader(name: string, payloadBytes: number, text: boolean, frames = 1): MicroCase {
  const one = makeFrame(payloadBytes, text);
  const next = inTurn(eight(() => Buffer.concat(Array.from({ length: frames }, () => one))));
  const frameReader = newReader();
  return {
    name,
    // Of binary only the headers are looked at.
    bytes: text ? one.length * frames : 0,
    run() {
      frameReader.push(next());
      for (let step = frameReader.next(); step !== steps.needData; step = frameReader.next()) {
        do_not_optimize(frameReader.bytes);
        if (step === steps.failed) throw frameReader.error;
      }
    },
  };
}

function writer(payloadBytes: number): MicroCase {
  const next = inTurn(eight((i) => Buffer.alloc(payloadBytes, i)));
  return {
    name: `frame writer, ${payloadBytes} B, masked`,
    bytes: payloadBytes,
    run: () => do_not_optimize(frame(true, false, 2, next(), 0x3d21fa37)),
  };
}

function masking(name: string, bytes: number): MicroCase {
  const next = inTurn(eight((i) => Buffer.alloc(bytes + 8, i).subarray(i, i + bytes)));
  let key = 0x3d21fa37;
  return {
    name,
    bytes,
    run() {
      key = applyMask(next(), 0, bytes, key ^ 0x55aa);
      do_not_optimize(key);
    },
  };
}

function text(name: string, characters: string, bytes: number): MicroCase {
  const whole = Buffer.from(characters.repeat(Math.ceil(bytes / Buffer.byteLength(characters))));
  const next = inTurn(eight(() => Buffer.from(whole)));
  const stream = new Utf8Stream();
  return {
    name,
    bytes: whole.length,
    run() {
      stream.reset();
      do_not_optimize(stream.push(next(), 0, whole.length));
    },
  };
}

export const webSocketCases = (): readonly MicroCase[] => [
  reader('frame reader, 125 B of text, checked', 125, true),
  reader('frame reader, 16 frames of 125 B in one chunk', 125, true, 16),
  reader('frame reader, 64 KiB of binary', 65_536, false),
  reader('frame reader, 64 KiB of text, checked', 65_536, true),
  writer(125),
  masking('masking, 125 B', 125),
  masking('masking, 64 KiB', 65_536),
  text('UTF-8, 125 B of ASCII', 'a', 125),
  text('UTF-8, 64 KiB of ASCII', 'a', 65_536),
  text('UTF-8, 64 KiB of all lengths', 'aé€😀', 65_536),
];

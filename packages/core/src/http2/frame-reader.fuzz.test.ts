import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { connectionPreface } from './protocol.ts';

/** Writes down what it is told, DATA by its bytes and not by how they came. */
class Log implements FrameSink {
  readonly lines: string[] = [];
  #bytes = '';

  onDataFrame(...told: unknown[]): void {
    this.lines.push(`data ${told}`);
    this.#bytes = '';
  }
  onDataBytes(_: number, bytes: Buffer): void {
    this.#bytes += bytes.toString('hex');
  }
  onDataFrameEnd(...told: unknown[]): void {
    this.lines.push(`end ${told} ${this.#bytes}`);
  }
  onHeaders(id: number, block: Buffer, end: boolean): void {
    this.lines.push(`headers ${id} ${block.toString('hex')} ${end}`);
  }
  onReset(...told: unknown[]): void {
    this.lines.push(`reset ${told}`);
  }
  onSettings(payload: Buffer): void {
    this.lines.push(`settings ${payload.toString('hex')}`);
  }
  onSettingsAck(): void {
    this.lines.push('ack');
  }
  onPing(payload: Buffer, isAck: boolean): void {
    this.lines.push(`ping ${payload.toString('hex')} ${isAck}`);
  }
  onGoaway(...told: unknown[]): void {
    this.lines.push(`goaway ${told}`);
  }
  onWindowUpdate(...told: unknown[]): void {
    this.lines.push(`window ${told}`);
  }
  onIgnored(): void {
    this.lines.push('ignored');
  }
  onStreamError(...told: unknown[]): void {
    this.lines.push(`error ${told}`);
  }
}

const frame = fc
  .record({
    type: fc.integer({ min: 0, max: 11 }),
    flags: fc.constantFrom(0, 1, 4, 5, 8, 9, 0x2d, 0xff),
    id: fc.constantFrom(0, 1, 2, 3, 0x8000_0001),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
    ),
  })
  .map(({ type, flags, id, payload }) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(id, 5);
    return Buffer.concat([head, payload]);
  });

const settings = Buffer.from('000000040000000000', 'hex');
const beginnings = {
  client: Buffer.concat([Buffer.from(connectionPreface), settings]),
  server: settings,
};
type Peer = keyof typeof beginnings;
const peers = ['client', 'server'] as const;

function read(peer: Peer, bytes: Buffer, cuts: readonly number[]): string[] {
  const log = new Log();
  const reader = new FrameReader(log, 100, peer);
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    const end = Math.max(start, Math.min(cut, bytes.length));
    const chunk = Buffer.from(bytes.subarray(start, end));
    let at = 0;
    while (at < chunk.length) {
      const next = reader.read(chunk, at);
      expect(next).toBeGreaterThan(at);
      at = next;
    }
    start = end;
  }
  return [...log.lines, String(reader.error?.text)];
}

test.each(peers)('frames of a %s are the same, however they are cut', (peer) => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 10 }),
      (frames, cuts) => {
        const bytes = Buffer.concat([beginnings[peer], ...frames]);
        const sorted = cuts.toSorted((a, b) => a - b);
        const every = Array.from(bytes, (_, i) => i);
        expect(read(peer, bytes, sorted)).toEqual(read(peer, bytes, []));
        expect(read(peer, bytes, every)).toEqual(read(peer, bytes, []));
      },
    ),
  );
});

test.each(peers)('no bytes of a %s make it throw', (peer) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      read(peer, Buffer.concat([beginnings[peer], bytes]), []);
      read(peer, Buffer.from(bytes), []);
    }),
  );
});

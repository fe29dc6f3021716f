import { constants, inflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { CodecDriver, noise, prose } from '../../../test/websocket/codec-driver.ts';
import { Deflater, type DeflaterOptions } from './deflater.ts';

const options: DeflaterOptions = { windowBits: 15, contextTakeover: true, level: 6, memLevel: 8 };
const drivers: CodecDriver[] = [];

function driver(more: Partial<DeflaterOptions> = {}): CodecDriver {
  const made = new CodecDriver((sink) => new Deflater({ ...options, ...more }, sink));
  drivers.push(made);
  return made;
}

afterEach(() => {
  for (const { codec } of drivers.splice(0)) codec.destroy();
});

/** All messages of a direction, inflated as one stream (RFC 7692 §7.2.2). */
function inflateAll(messages: readonly Uint8Array[], windowBits = 15): Buffer {
  const end = Uint8Array.of(0, 0, 0xff, 0xff);
  return inflateRawSync(Buffer.concat(messages.flatMap((message) => [message, end])), {
    windowBits,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
}

describe('deflating (RFC 7692 §7.2.1)', () => {
  it('makes the examples of §7.2.3', async () => {
    const takeover = driver();
    expect((await takeover.code(Buffer.from('Hello'))).toString('hex')).toBe('f248cdc9c90700');
    expect((await takeover.code(Buffer.from('Hello'))).toString('hex')).toBe('f200110000');
    expect(takeover.atOnce).toBe(true);
    const none = driver({ contextTakeover: false });
    await none.code(Buffer.from('Hello'));
    expect((await none.code(Buffer.from('Hello'))).toString('hex')).toBe('f248cdc9c90700');
  });

  it('makes one zero byte of an empty message (§7.2.3.6)', async () => {
    const codec = driver();
    for (let i = 0; i < 3; i++) expect([...(await codec.code(Buffer.alloc(0)))]).toEqual([0]);
    const message = await codec.code(Buffer.from('Hello'));
    expect(inflateAll([Uint8Array.of(0), message]).toString()).toBe('Hello');
  });

  it.each([8, 9, 10, 12, 15])('is one stream within a window of 2^%d', async (windowBits) => {
    const codec = driver({ windowBits });
    const plain = [1, 100, 0, 5000, 16384, 16385, 40000, 200000, 7, 300].map((length, i) =>
      i % 3 === 2 ? noise(length, i + 1) : prose(length, i + 1),
    );
    const messages: Buffer[] = [];
    for (const message of plain) {
      messages.push(await codec.code(message, 10_000));
      expect(codec.atOnce).toBe(message.length <= 16384);
    }
    expect(Buffer.compare(inflateAll(messages, windowBits), Buffer.concat(plain))).toBe(0);
  });

  it('never reaches back further than a window of 2^8 (§7.1.2.1)', async () => {
    const codec = driver({ windowBits: 8 });
    const message = await codec.code(prose(6000));
    const second = await codec.code(prose(6000));
    // With output in pieces of 64 bytes zlib has nothing to refer to but its window of 256.
    const plain = inflateRawSync(
      Buffer.concat([
        message,
        Uint8Array.of(0, 0, 0xff, 0xff),
        second,
        Uint8Array.of(0, 0, 0xff, 0xff),
      ]),
      { windowBits: 8, chunkSize: 64, finishFlush: constants.Z_SYNC_FLUSH },
    );
    expect(Buffer.compare(plain, Buffer.concat([prose(6000), prose(6000)]))).toBe(0);
  });

  it('cuts a long message into pieces, and waits for a receiver that is slow', async () => {
    const codec = driver();
    codec.slow = true;
    const plain = noise(600_000);
    const message = await codec.code(plain, 50_000);
    expect(codec.pieceCount).toBeGreaterThan(10);
    expect(Buffer.compare(inflateAll([message]), plain)).toBe(0);
    codec.slow = false;
    expect(inflateAll([message, await codec.code(prose(50))]).length).toBe(600_050);
  });

  it('stops for good when it is destroyed', async () => {
    const codec = driver();
    expect(codec.codec.write(noise(20_000))).toBe(false);
    expect(codec.codec.busy).toBe(true);
    expect(() => codec.codec.write(noise(1))).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_INTERNAL' }),
    );
    codec.codec.destroy();
    expect(codec.codec.write(noise(1))).toBe(false);
    expect(codec.codec.end()).toBe(false);
    // Longer under way in the same pool than what was given up.
    await driver().code(noise(200_000));
    expect(codec.outputBytes).toBe(0);
    expect(codec.errors).toEqual([]);
  });
});

import { constants, deflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { CodecDriver, noise, prose } from '../../../test/websocket/codec-driver.ts';
import { Inflater, type InflaterOptions } from './inflater.ts';

const options: InflaterOptions = {
  windowBits: 15,
  contextTakeover: true,
  maxMessageBytes: 1 << 20,
};
const drivers: CodecDriver[] = [];

function driver(more: Partial<InflaterOptions> = {}): CodecDriver {
  const made = new CodecDriver((sink) => new Inflater({ ...options, ...more }, sink));
  drivers.push(made);
  return made;
}

afterEach(() => {
  for (const { codec } of drivers.splice(0)) codec.destroy();
});

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A message as a sender makes it (RFC 7692 §7.2.1). */
function deflated(plain: Uint8Array, dictionary?: Uint8Array, level = 6): Buffer {
  const primed = dictionary === undefined ? {} : { dictionary };
  const bytes = deflateRawSync(plain, { ...primed, level, finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, -4);
}

/** A message that ends with a final block (RFC 7692 §7.2.3.4). */
const final = (plain: Uint8Array): Buffer => deflateRawSync(plain);

describe('inflating (RFC 7692 §7.2.2)', () => {
  it.each([
    ['a fixed block (§7.2.3.1)', 'f248cdc9c90700'],
    ['a stored block (§7.2.3.3)', '000500faff48656c6c6f00'],
    ['a final block (§7.2.3.4)', 'f348cdc9c9070000'],
    ['two blocks (§7.2.3.5)', 'f248050000 00ffffcac9c90700'],
    ['a final block and nothing behind it', 'f348cdc9c90700'],
    ['a final block, and the empty one final too', 'f348cdc9c9070001'],
    ['two final blocks', 'f3480500 cbc9c90700 00'],
    ['a message whose end was not cut off', 'f248cdc9c907000000ffff'],
  ])('reads %s', async (_, wire) => {
    const codec = driver();
    const again = driver();
    // Alone, and at the end of a message too long for the spot.
    expect((await codec.code(hex(wire))).toString()).toBe('Hello');
    const long = noise(30_000);
    const front = deflateRawSync(long, { level: 0, finishFlush: constants.Z_SYNC_FLUSH });
    for (const size of [1000, 16_000, 20_000, 100_000]) {
      const message = await again.code(Buffer.concat([front, hex(wire)]), size);
      expect(again.atOnce).toBe(false);
      expect(Buffer.compare(message, Buffer.concat([long, Buffer.from('Hello')]))).toBe(0);
    }
  });

  it('keeps its window across messages (§7.2.3.2)', async () => {
    const codec = driver();
    expect((await codec.code(hex('f248cdc9c90700'))).toString()).toBe('Hello');
    expect((await codec.code(hex('f200110000'))).toString()).toBe('Hello');
  });

  it('keeps its window across a final block', async () => {
    const codec = driver();
    expect((await codec.code(hex('f348cdc9c9070000'))).toString()).toBe('Hello');
    expect((await codec.code(hex('f200110000'))).toString()).toBe('Hello');
  });

  it('forgets its window when so agreed', async () => {
    const codec = driver({ contextTakeover: false });
    expect((await codec.code(hex('f248cdc9c90700'))).toString()).toBe('Hello');
    await expect(codec.code(hex('f200110000'))).rejects.toMatchObject({
      code: 'RIT_ERR_WS_DEFLATE',
    });
  });

  it('reads empty messages in both ways (§7.2.3.6)', async () => {
    const codec = driver();
    expect((await codec.code(hex('00'))).length).toBe(0);
    expect((await codec.code(Buffer.alloc(0))).length).toBe(0);
    expect((await codec.code(hex('f248cdc9c90700'))).toString()).toBe('Hello');
  });

  it('reads short and long messages in turn, with one window', async () => {
    const codec = driver();
    let window = Buffer.alloc(0);
    for (const [i, length] of [10, 50_000, 300, 200_000, 20_000, 5, 400_000, 1].entries()) {
      const plain = i % 2 === 0 ? prose(length, i + 1) : noise(length, i + 1);
      const wire = window.length === 0 ? deflated(plain) : deflated(plain, window);
      expect(Buffer.compare(await codec.code(wire, 9000), plain)).toBe(0);
      window = Buffer.concat([window, plain]).subarray(-32768);
    }
  });

  it('does on the spot what is short, and in the pool what turns out long', async () => {
    const codec = driver();
    await codec.code(deflated(prose(20_000)));
    expect(codec.atOnce).toBe(true);
    expect(codec.pieceCount).toBe(1);
    const zeros = await codec.code(deflated(Buffer.alloc(1 << 20), prose(20_000)));
    expect(codec.atOnce).toBe(false);
    expect(zeros.equals(Buffer.alloc(1 << 20))).toBe(true);
  });

  it('waits for a receiver that is slow', async () => {
    const codec = driver();
    codec.slow = true;
    const plain = prose(900_000);
    expect(Buffer.compare(await codec.code(deflated(plain), 5000), plain)).toBe(0);
    expect(codec.pieceCount).toBeGreaterThan(10);
  });
});

describe('refusals', () => {
  const fourths = (plain: Buffer): Buffer =>
    deflated(plain).subarray(0, deflated(plain).length / 4);
  const cases: [string, Buffer][] = [
    ['a reserved block type', hex('07')],
    ['a wrong stored length', hex('000500faee48656c6c6f00')],
    ['a distance beyond what was sent', hex('f200110000')],
    ['noise', hex('fffefdfcfbfa')],
    ['a message that ends within a block', fourths(prose(5000))],
    ['a long message that ends within a block', fourths(noise(200_000))],
    ['a final block that is cut short', final(prose(100)).subarray(0, 20)],
    ['one byte of a stored block', hex('000500')],
    [
      'more final blocks than anybody sends',
      Buffer.concat(Array(40).fill(final(Buffer.from('x')))),
    ],
  ];
  it.each(cases)('%s', async (_, wire) => {
    for (const size of [3000, 100_000]) {
      const codec = driver();
      await expect(codec.code(wire, size)).rejects.toMatchObject({
        code: 'RIT_ERR_WS_DEFLATE',
        closeCode: 1007,
      });
      expect(codec.errors).toEqual([codec.codec.error]);
      // Absorbing.
      expect(codec.codec.write(hex('00'))).toBe(false);
      expect(codec.codec.end()).toBe(false);
      expect(codec.errors.length).toBe(1);
    }
  });

  it('damage in a long message comes out once', async () => {
    const wire = deflated(prose(900_000));
    wire[wire.length - 100] = (wire[wire.length - 100] as number) ^ 0xff;
    wire.fill(0xff, wire.length - 60, wire.length - 20);
    const codec = driver();
    await expect(codec.code(wire, 7000)).rejects.toMatchObject({ code: 'RIT_ERR_WS_DEFLATE' });
    expect(codec.errors.length).toBe(1);
  });
});

describe('the limit, after inflation', () => {
  it.each([1, 5, 1000, 100_000, 131_072, 131_073, 500_000])(
    'of %d is accepted, one more refused',
    async (limit) => {
      const codec = driver({ maxMessageBytes: limit });
      for (const plain of [Buffer.alloc(limit), noise(limit)]) {
        expect((await codec.code(deflated(plain), 10_000)).length).toBe(limit);
      }
      for (const plain of [Buffer.alloc(limit + 1), noise(limit + 1)]) {
        const over = driver({ maxMessageBytes: limit });
        await expect(over.code(deflated(plain), 10_000)).rejects.toMatchObject({
          code: 'RIT_ERR_WS_MESSAGE_TOO_LARGE',
          closeCode: 1009,
        });
      }
    },
  );

  it('counts each message alone', async () => {
    const codec = driver({ maxMessageBytes: 1000, contextTakeover: false });
    for (let i = 0; i < 5; i++) await codec.code(deflated(prose(900)));
    const long = driver({ maxMessageBytes: 200_000, contextTakeover: false });
    for (let i = 0; i < 3; i++) await long.code(deflated(noise(190_000)));
    expect(long.outputBytes).toBe(570_000);
  });

  it('counts over final blocks', async () => {
    const codec = driver({ maxMessageBytes: 1000 });
    const wire = Buffer.concat([final(prose(600)), final(prose(600))]);
    await expect(codec.code(wire)).rejects.toMatchObject({ code: 'RIT_ERR_WS_MESSAGE_TOO_LARGE' });
  });

  it('refuses a bomb of 256 MiB having made no more than the limit', async () => {
    const bomb = deflateRawSync(Buffer.alloc(1 << 28), { level: 9, memLevel: 9 });
    expect(bomb.length).toBeLessThan(300_000);
    const codec = driver({ maxMessageBytes: 1 << 20 });
    const before = process.memoryUsage.rss();
    await expect(codec.code(bomb)).rejects.toMatchObject({ code: 'RIT_ERR_WS_MESSAGE_TOO_LARGE' });
    expect(codec.outputBytes).toBeLessThanOrEqual(1 << 20);
    expect(process.memoryUsage.rss() - before).toBeLessThan(32 << 20);
  });
});

describe('ownership', () => {
  it('takes one slice at a time', () => {
    const codec = driver();
    expect(codec.codec.write(noise(20_000))).toBe(false);
    const misuse = expect.objectContaining({ code: 'RIT_ERR_INTERNAL' });
    expect(() => codec.codec.write(hex('00'))).toThrow(misuse);
    expect(() => codec.codec.end()).toThrow(misuse);
  });

  it('stops for good when it is destroyed', async () => {
    const codec = driver();
    expect(codec.codec.write(deflated(noise(100_000)))).toBe(false);
    codec.codec.destroy();
    codec.codec.destroy();
    codec.codec.resume();
    expect(codec.codec.write(hex('00'))).toBe(false);
    // Longer under way in the same pool than what was given up.
    await driver().code(deflated(noise(400_000)));
    expect(codec.outputBytes).toBe(0);
    expect(codec.errors).toEqual([]);
  });
});

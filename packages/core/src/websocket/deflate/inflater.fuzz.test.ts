import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecDriver, noise, prose } from '../../../test/websocket/codec-driver.ts';
import { Deflater } from './deflater.ts';
import { Inflater } from './inflater.ts';

const agreements = fc.record({
  windowBits: fc.integer({ min: 8, max: 15 }),
  contextTakeover: fc.boolean(),
});
const messages = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(40_000), fc.nat(5)).map(([length, seed]) => prose(length, seed + 1)),
    fc.tuple(fc.nat(70_000), fc.nat(5)).map(([length, seed]) => noise(length, seed + 1)),
  ),
  { maxLength: 5 },
);
const sizes = fc.integer({ min: 200, max: 50_000 });

describe('permessage-deflate (RFC 7692 §7.2)', () => {
  it('inflates what it deflates, under every agreement and at any split', async () => {
    await fc.assert(
      fc.asyncProperty(
        agreements,
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        messages,
        sizes,
        fc.boolean(),
        async (agreement, level, memLevel, plain, size, slow) => {
          const deflater = new CodecDriver(
            (sink) => new Deflater({ ...agreement, level, memLevel }, sink),
          );
          const inflater = new CodecDriver(
            (sink) => new Inflater({ ...agreement, maxMessageBytes: 1 << 20 }, sink),
          );
          inflater.slow = slow;
          deflater.slow = slow;
          try {
            for (const message of plain) {
              const wire = await deflater.code(message, size);
              expect(Buffer.compare(await inflater.code(wire, size), message)).toBe(0);
            }
          } finally {
            deflater.codec.destroy();
            inflater.codec.destroy();
          }
        },
      ),
    );
  });

  it('makes of any bytes a message within its limit or one error', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ minLength: 16_000, maxLength: 20_000 }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, sizes, async (wire, size) => {
        const inflater = new CodecDriver(
          (sink) =>
            new Inflater({ windowBits: 15, contextTakeover: true, maxMessageBytes: 5000 }, sink),
        );
        try {
          expect((await inflater.code(wire, size)).length).toBeLessThanOrEqual(5000);
        } catch (error) {
          expect(inflater.errors).toEqual([error]);
          expect(['RIT_ERR_WS_DEFLATE', 'RIT_ERR_WS_MESSAGE_TOO_LARGE']).toContain(
            inflater.errors[0]?.code,
          );
        } finally {
          inflater.codec.destroy();
        }
      }),
    );
  });
});

import { constants, createDeflateRaw, createInflateRaw, deflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { noise } from '../../../test/websocket/codec-driver.ts';
import { DeflatePump, type PumpTarget } from './deflate-pump.ts';

/** Writes down what a pump says and wakes who waits for it. */
class Recorder implements PumpTarget {
  chunks: Uint8Array[] = [];
  log: string[] = [];
  /** What every chunk is answered with. */
  accept = true;
  #wake: (() => void) | null = null;

  onPumpChunk(chunk: Uint8Array): boolean {
    this.chunks.push(chunk);
    this.#wake?.();
    return this.accept;
  }
  onPumpFed(unused: number): void {
    this.#add(`fed ${unused}`);
  }
  onPumpFinished(unused: number): void {
    this.#add(`finished ${unused}`);
  }
  onPumpError(cause: Error): void {
    this.#add(`error ${'code' in cause ? cause.code : cause.message}`);
  }
  #add(line: string): void {
    this.log.push(line);
    this.#wake?.();
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const pumps: DeflatePump[] = [];
afterEach(() => {
  for (const pump of pumps.splice(0)) pump.destroy();
});

function inflating(target: PumpTarget, chunkSize = 1024): DeflatePump {
  const pump = new DeflatePump(createInflateRaw({ chunkSize }), target);
  pumps.push(pump);
  return pump;
}

describe('a pump', () => {
  it('says when a slice is taken, and when all of it is out', async () => {
    const plain = noise(5000);
    const wire = deflateRawSync(plain);
    const target = new Recorder();
    const pump = inflating(target);
    pump.feed(wire.subarray(0, 3000));
    await target.until(() => target.log.length === 1);
    pump.finish(wire.subarray(3000));
    await target.until(() => target.log.length === 2);
    expect(target.log).toEqual(['fed 0', 'finished 0']);
    expect(Buffer.compare(Buffer.concat(target.chunks), plain)).toBe(0);
  });

  it('says what zlib left unused', async () => {
    const wire = deflateRawSync(noise(100));
    const target = new Recorder();
    const pump = inflating(target);
    pump.feed(Buffer.concat([wire, Buffer.from('more')]));
    await target.until(() => target.log.length === 1);
    expect(target.log).toEqual(['fed 4']);

    const last = new Recorder();
    inflating(last).finish(Buffer.concat([wire, Buffer.from('end')]));
    await last.until(() => last.log.length === 1);
    expect(last.log).toEqual(['finished 3']);
  });

  it('says one error', async () => {
    for (const [wire, code] of [
      [Buffer.from([0xff, 0xff]), 'Z_DATA_ERROR'],
      [deflateRawSync(noise(100)).subarray(0, 50), 'Z_BUF_ERROR'],
    ] as const) {
      const target = new Recorder();
      inflating(target).finish(wire);
      await target.until(() => target.log.length === 1);
      expect(target.log).toEqual([`error ${code}`]);
    }
  });

  it('stops after a chunk that was not accepted, until it is resumed', async () => {
    const target = new Recorder();
    target.accept = false;
    const pump = inflating(target);
    pump.feed(deflateRawSync(Buffer.alloc(1 << 20), { finishFlush: constants.Z_SYNC_FLUSH }));
    for (let count = 1; count <= 3; count++) {
      await target.until(() => target.chunks.length === count);
      // Another pump's whole way through the pool, in which this one says nothing.
      const other = new Recorder();
      inflating(other).finish(deflateRawSync(noise(1000)));
      await other.until(() => other.log.length === 1);
      expect(target.chunks.length).toBe(count);
      expect(target.log).toEqual([]);
      pump.resume();
    }
    target.accept = true;
    await target.until(() => target.log.length === 1);
    expect(Buffer.concat(target.chunks).length).toBe(1 << 20);
  });

  it('flushes what it deflates', async () => {
    const target = new Recorder();
    const stream = createDeflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
    const pump = new DeflatePump(stream, target);
    pumps.push(pump);
    pump.feed(Buffer.from('Hello'));
    await target.until(() => target.log.length === 1);
    pump.finish(new Uint8Array(0));
    await target.until(() => target.log.length === 2);
    expect(Buffer.concat(target.chunks).toString('hex')).toBe('f248cdc9c907000000ffff');
  });

  it('says nothing once it is destroyed', async () => {
    const target = new Recorder();
    const pump = inflating(target);
    pump.feed(deflateRawSync(noise(50_000)));
    pump.destroy();
    pump.resume();
    const other = new Recorder();
    inflating(other).finish(deflateRawSync(noise(100_000)));
    await other.until(() => other.log.length === 1);
    expect(target.log).toEqual([]);
    expect(target.chunks).toEqual([]);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FieldSection } from '../../http/field-section.ts';
import type { BodyTaker, FreshContent, Http2Feed } from './http2-feed.ts';
import { type InputOwner, StreamInput } from './stream-input.ts';

/** A feed whose reads a test ends, and an owner that notes what it is told. */
class Rig implements InputOwner {
  readonly told: string[] = [];
  consumed = 0;
  onChunk: (() => void) | null = null;
  #fresh: FreshContent[] = [];
  readonly input: StreamInput;

  constructor() {
    const feed = {
      deliverAfterRead: (content: FreshContent) => this.#fresh.push(content),
      deliver: (slice: Buffer, taker: BodyTaker) => taker.onBody(slice),
    };
    this.input = new StreamInput(feed as unknown as Http2Feed, this);
  }

  /** What one read brings, and its end. */
  read(...frames: readonly string[]): void {
    const memory = frames.map((text) => Buffer.from(text));
    for (const bytes of memory) this.input.onBytes(bytes);
    this.endRead();
    // It is read into again.
    for (const bytes of memory) bytes.fill('!');
  }

  endRead(): void {
    for (const content of this.#fresh.splice(0)) content.deliverFresh();
  }

  onBody(bytes: Buffer): void {
    this.told.push(bytes.toString());
    this.onChunk?.();
  }

  onBodyEnd(trailers: FieldSection): void {
    this.told.push(['end', ...trailers].join(' '));
  }

  onConsumed(bytes: number): void {
    this.consumed += bytes;
  }
}

test('the frames of one read are passed on together', () => {
  const rig = new Rig();
  rig.input.read();
  rig.read('a', 'b', 'c');
  rig.read('d');
  rig.input.onEnd(['x', 'y']);
  expect(rig.told).toEqual(['abc', 'd', 'end x y']);
  expect([rig.consumed, rig.input.complete]).toEqual([4, true]);
});

test('an end comes after what its read has brought', () => {
  const rig = new Rig();
  rig.input.read();
  rig.input.onBytes(Buffer.from('a'));
  rig.input.onEnd([]);
  rig.endRead();
  expect(rig.told).toEqual(['a', 'end']);
});

test('what nobody wants is held, in memory of its own', () => {
  const rig = new Rig();
  rig.read('a', 'b');
  expect([rig.told, rig.input.heldBytes, rig.consumed]).toEqual([[], 2, 0]);
  rig.input.read();
  expect([rig.told.join(''), rig.input.heldBytes, rig.consumed]).toEqual(['ab', 0, 2]);
});

test('a pause within a read holds all of it', () => {
  const rig = new Rig();
  rig.input.read();
  const bytes = Buffer.from('a');
  rig.input.onBytes(bytes);
  rig.input.pause();
  bytes.fill('!');
  rig.read('b');
  expect(rig.told).toEqual([]);
  rig.input.read();
  expect(rig.told.join('')).toBe('ab');
});

test('what is forgotten is told of', () => {
  const rig = new Rig();
  rig.input.read();
  rig.input.onBytes(Buffer.from('abc'));
  expect(rig.input.stop()).toBe(3);
  rig.endRead();
  expect([rig.told, rig.consumed]).toEqual([[], 0]);
});

test('whatever is paused and resumed: all bytes, in order, and the end once', () => {
  const step = fc.oneof(
    fc.array(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 4 }),
    fc.constantFrom('read' as const, 'pause' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.boolean(), (steps, pausesWithin) => {
      const rig = new Rig();
      if (pausesWithin) rig.onChunk = () => rig.input.pause();
      let sent = '';
      for (const one of steps) {
        if (one === 'read') rig.input.read();
        else if (one === 'pause') rig.input.pause();
        else {
          rig.read(...one);
          sent += one.join('');
        }
      }
      rig.input.onEnd([]);
      for (let i = 0; i < 100 && !rig.input.complete; i++) rig.input.read();
      expect(rig.told.join('')).toBe(`${sent}end`);
      expect(rig.consumed).toBe(sent.length);
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../errors/catalog.ts';
import { FrameReader, steps } from './frame-reader.ts';
import { frame } from './frame-writer.ts';
import { readMaskingKey } from './masking.ts';
import type { FrameReaderOptions } from './pass-rules.ts';

interface Sent {
  opcode: number;
  rsv1: boolean;
  fin: boolean;
  payload: Uint8Array;
}

const maskingKeys = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((b) => readMaskingKey(b, 0));
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ minLength: 120, maxLength: 130 }),
  fc.constantFrom(65535, 65536, 70000).map((length) => new Uint8Array(length).fill(length & 0xff)),
);
const controlFrames: fc.Arbitrary<Sent> = fc.record({
  opcode: fc.constantFrom(9, 10),
  rsv1: fc.constant(false),
  fin: fc.constant(true),
  payload: fc.uint8Array({ maxLength: 125 }),
});
/** A message of some fragments with control frames in between. */
const messages: fc.Arbitrary<Sent[]> = fc
  .tuple(
    fc.constantFrom(1, 2),
    fc.boolean(),
    fc.array(fc.tuple(payloads, fc.array(controlFrames, { maxLength: 2 })), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([opcode, rsv1, parts]) =>
    parts.flatMap(([payload, controls], i) => [
      { opcode: i === 0 ? opcode : 0, rsv1: rsv1 && i === 0, fin: i === parts.length - 1, payload },
      ...controls,
    ]),
  );
const sequences = fc.array(messages, { maxLength: 4 }).map((list) => list.flat());
const cuts = fc.array(fc.nat(400), { maxLength: 30 });
const roles = fc.constantFrom('server' as const, 'client' as const);

const options: FrameReaderOptions = {
  role: 'server',
  maxFrameBytes: 100_000,
  maxMessageBytes: 400_000,
  maxFragments: 100,
  compression: true,
  validateUtf8: false,
  reportData: 'all',
  passBelowBytes: 0,
  reportPings: true,
};

function encode(frames: readonly Sent[], role: 'server' | 'client', key: number): Uint8Array {
  return Buffer.concat(
    frames.map(({ fin, rsv1, opcode, payload }) =>
      frame(fin, rsv1, opcode, payload, role === 'server' ? key : null),
    ),
  );
}

interface Outcome {
  frames: Sent[];
  passed: Uint8Array;
  error: string | null;
  close: number | null;
}

function decode(
  reader: FrameReader,
  wire: Uint8Array,
  sizes: readonly number[],
  onChunkEnd: () => void = () => {},
): Outcome {
  const frames: Sent[] = [];
  const passed: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let at = 0;
  for (const size of [...sizes, wire.length]) {
    if (at >= wire.length) break;
    const end = Math.min(wire.length, at + size + 1);
    reader.push(new Uint8Array(wire.subarray(at, end)));
    at = end;
    for (let step = reader.next(); step !== steps.needData; step = reader.next()) {
      const { opcode, rsv1, fin, payloadLength } = reader.header;
      if (step === steps.failed) {
        return {
          frames,
          passed: Buffer.concat(passed),
          error: reader.error?.code ?? null,
          close: null,
        };
      }
      if (step === steps.pass) passed.push(new Uint8Array(reader.bytes));
      else if (step === steps.frame) parts = [];
      else if (step === steps.payload) parts.push(new Uint8Array(reader.bytes));
      else if (step === steps.control) {
        frames.push({ opcode, rsv1, fin, payload: new Uint8Array(reader.controlPayload) });
      } else {
        const payload = new Uint8Array(Buffer.concat(parts));
        expect(payload.length).toBe(payloadLength);
        frames.push({ opcode, rsv1, fin, payload });
      }
    }
    onChunkEnd();
  }
  return {
    frames,
    passed: Buffer.concat(passed),
    error: null,
    close: reader.close?.code ?? null,
  };
}

describe('any sequence of frames, split anywhere (RFC 6455 §5)', () => {
  it('decodes to itself', () => {
    fc.assert(
      fc.property(sequences, roles, maskingKeys, cuts, (frames, role, key, sizes) => {
        const outcome = decode(
          new FrameReader({ ...options, role }),
          encode(frames, role, key),
          sizes,
        );
        expect(outcome.error).toBeNull();
        expect(outcome.frames).toEqual(frames);
      }),
    );
  });

  it('passes byte for byte, and only whole headers at the end of a chunk', () => {
    fc.assert(
      fc.property(sequences, roles, maskingKeys, cuts, (frames, role, key, sizes) => {
        const wire = encode(frames, role, key);
        const reader = new FrameReader({
          ...options,
          role,
          reportData: 'none',
          reportPings: false,
        });
        const outcome = decode(reader, wire, sizes);
        expect(outcome.error).toBeNull();
        expect(Buffer.compare(outcome.passed, wire)).toBe(0);
        expect(reader.frameCount).toBe(frames.length);
        expect(reader.betweenFrames).toBe(true);
      }),
    );
  });

  it('keeps nothing but a cut header between two chunks', () => {
    fc.assert(
      fc.property(sequences, maskingKeys, cuts, (frames, key, sizes) => {
        const wire = encode(frames, 'server', key);
        const reader = new FrameReader({ ...options, reportData: 'none', reportPings: false });
        let pushed = 0;
        let passed = 0;
        for (const size of [...sizes, wire.length]) {
          const chunk = wire.subarray(pushed, pushed + size + 1);
          reader.push(chunk);
          pushed += chunk.length;
          while (reader.next() === steps.pass) passed += reader.bytes.length;
          expect(pushed - passed).toBeLessThan(14);
          expect(reader.bytes.length).toBe(0);
        }
        expect(passed).toBe(wire.length);
      }),
    );
  });
});

describe('any mutation', () => {
  const mutations = fc.array(fc.tuple(fc.nat(100_000), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  });
  const variants = fc.record({
    validateUtf8: fc.boolean(),
    reportData: fc.constantFrom('none' as const, 'compressed' as const, 'all' as const),
    reportPings: fc.boolean(),
    compression: fc.boolean(),
    passBelowBytes: fc.constantFrom(0, 10),
  });

  it('decodes the same at any split, or fails with the same one error', () => {
    fc.assert(
      fc.property(
        sequences,
        roles,
        maskingKeys,
        mutations,
        variants,
        cuts,
        (frames, role, key, damage, variant, sizes) => {
          const wire = encode(frames, role, key);
          for (const [at, byte] of damage) if (wire.length > 0) wire[at % wire.length] = byte;
          const make = (): FrameReader => new FrameReader({ ...options, ...variant, role });
          const whole = decode(make(), wire, []);
          const reader = make();
          const parts = decode(reader, wire, sizes);
          expect(parts.error).toBe(whole.error);
          expect(parts.close).toBe(whole.close);
          expect(parts.frames).toEqual(whole.frames);
          // A frame that turns out to be bad text may have begun to pass when it comes in slices.
          const common = parts.passed.subarray(0, whole.passed.length);
          expect(Buffer.compare(common, whole.passed)).toBe(0);
          if (whole.error === null) expect(parts.passed.length).toBe(whole.passed.length);
          else {
            expect(catalog).toHaveProperty(whole.error);
            expect(reader.next()).toBe(steps.failed);
          }
        },
      ),
    );
  });

  it('of nothing but noise ends in data, a close or an error, never in a throw', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        roles,
        variants,
        cuts,
        (noise, role, variant, sizes) => {
          const outcome = decode(new FrameReader({ ...options, ...variant, role }), noise, sizes);
          if (outcome.error !== null) expect(outcome.error).toMatch(/^RIT_ERR_WS_/);
        },
      ),
    );
  });
});

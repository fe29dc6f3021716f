import { describe, expect, it } from 'vitest';
import { FragmentWriter, frame } from './frame-writer.ts';

const key = 0x3d21fa37;

describe('whole frames (RFC 6455 §5.7)', () => {
  it.each([
    ['a text', frame(true, false, 1, Buffer.from('Hello'), null), '810548656c6c6f'],
    ['a masked text', frame(true, false, 1, Buffer.from('Hello'), key), '818537fa213d7f9f4d5158'],
    ['a first fragment', frame(false, false, 1, Buffer.from('Hel'), null), '010348656c'],
    ['a last fragment', frame(true, false, 0, Buffer.from('lo'), null), '80026c6f'],
    ['a ping', frame(true, false, 9, Buffer.from('Hello'), null), '890548656c6c6f'],
    ['a compressed text', frame(true, true, 1, Buffer.from([0]), null), 'c10100'],
  ])('%s', (_, bytes, wire) => expect(bytes.toString('hex')).toBe(wire));

  it('leaves the payload as it is', () => {
    const payload = Buffer.alloc(300, 7);
    const bytes = frame(true, false, 2, payload, key);
    expect(payload.every((byte) => byte === 7)).toBe(true);
    expect(bytes.length).toBe(8 + 300);
    expect(bytes.subarray(0, 8).toString('hex')).toBe('82fe012c37fa213d');
  });
});

describe('messages in frames (RFC 6455 §5.4, RFC 7692 §6.1)', () => {
  it('puts opcode and RSV1 on the first frame only', () => {
    const writer = new FragmentWriter();
    writer.begin(2, true);
    expect(writer.write(Buffer.from('a'), false, null).toString('hex')).toBe('420161');
    expect(writer.write(Buffer.from('b'), false, null).toString('hex')).toBe('000162');
    expect(writer.write(Buffer.alloc(0), true, null).toString('hex')).toBe('8000');
    writer.begin(1, false);
    expect(writer.write(Buffer.from('c'), true, 0).toString('hex')).toBe('81810000000063');
  });
});

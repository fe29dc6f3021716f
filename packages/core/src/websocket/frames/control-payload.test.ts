import { expect, test } from 'vitest';
import { ControlPayload } from './control-payload.ts';
import { applyMask } from './masking.ts';

const text = Uint8Array.from('a payload', (letter) => letter.charCodeAt(0));

test('collects parts of chunks, frame after frame', () => {
  const payload = new ControlPayload();
  payload.begin();
  expect(payload.bytes).toEqual(new Uint8Array(0));
  payload.append(text, 0, 2);
  payload.append(text, 2, 9);
  expect(payload.bytes).toEqual(text);
  payload.begin();
  payload.append(text, 2, 9);
  expect(payload.bytes).toEqual(text.subarray(2));
});

test('RFC 6455 §5.5: 125 bytes', () => {
  const payload = new ControlPayload();
  const longest = new Uint8Array(125).fill(7);
  payload.append(longest, 0, 125);
  expect(payload.bytes).toEqual(longest);
});

test('RFC 6455 §5.3: is unmasked as a whole, wherever it was cut', () => {
  const masked = text.slice();
  applyMask(masked, 0, masked.length, 0x01020304);
  const payload = new ControlPayload();
  payload.append(masked, 0, 3);
  payload.append(masked, 3, masked.length);
  payload.unmask(0x01020304);
  expect(payload.bytes).toEqual(text);
});

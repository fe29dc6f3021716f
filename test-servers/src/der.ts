/** The little of DER (ITU-T X.690) that writing a certificate takes. */

/** One element: tag, length, content. */
export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100
    ? Buffer.from([0x81, length])
    : Buffer.from([0x82, length >> 8, length & 0xff]);
}

export const sequence = (...content: readonly Uint8Array[]): Buffer => element(0x30, ...content);
export const set = (...content: readonly Uint8Array[]): Buffer => element(0x31, ...content);
export const octets = (content: Uint8Array): Buffer => element(0x04, content);
export const bits = (content: Uint8Array, unused = 0): Buffer =>
  element(0x03, Buffer.from([unused]), content);
export const utf8 = (text: string): Buffer => element(0x0c, Buffer.from(text));
export const truth = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]));
/** A positive integer below 2^31. */
export const integer = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  let start = 0;
  while (start < 3 && bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) start += 1;
  return element(0x02, bytes.subarray(start));
};
/** A context-specific tag around whole elements. */
export const explicit = (tag: number, ...content: readonly Uint8Array[]): Buffer =>
  element(0xa0 | tag, ...content);
/** A context-specific tag instead of a primitive's own. */
export const implicit = (tag: number, content: Uint8Array): Buffer => element(0x80 | tag, content);

/** GeneralizedTime, to the second. */
export const time = (date: Date): Buffer =>
  element(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`));

/** An object identifier from its dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(0x06, Buffer.from(bytes));
}

/**
 * Text of a client in a line of a log: no control character, and nothing that could end the field that it stands in.
 * Header values and targets are strings of bytes (latin1).
 */

const unsafe = /[^ !#-[\]-~]/;
const unsafeEach = /[^ !#-[\]-~]/g;

/** As nginx does by default: `"`, `\` and every byte that is no printable ASCII become `\xHH`. */
export function escapeText(text: string): string {
  return unsafe.test(text) ? text.replace(unsafeEach, hexadecimal) : text;
}

const hexadecimal = (character: string): string => {
  const code = character.charCodeAt(0);
  const digits = code.toString(16).toUpperCase();
  return code > 0xff ? `\\u${digits.padStart(4, '0')}` : `\\x${digits.padStart(2, '0')}`;
};

/** What JSON allows in a string, and terminals and editors do not show as it is: controls, separators, bidi marks. */
const hidden = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** As a string of JSON, quotes included. Bytes that are UTF-8 come out as the characters that they encode. */
export function jsonText(text: string): string {
  if (!unsafe.test(text)) return `"${text}"`;
  return JSON.stringify(decoded(text)).replace(
    hidden,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is no UTF-8 stays a character for each byte. */
function decoded(text: string): string {
  // What has a character beyond bytes, such as a name of the configuration, is text already.
  if (!/[\x80-\xff]/.test(text) || /[^\0-\xff]/.test(text)) return text;
  try {
    return utf8.decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}

/**
 * Character classes of RFC 9110 §5.6 as tables, and comparisons that know ASCII only. No regular expressions.
 */

const tokenCharacters = new Uint8Array(256);
const hostCharacters = new Uint8Array(256);
const valueCharacters = new Uint8Array(256);

const alphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
for (const c of `${alphanumeric}!#$%&'*+-.^_\`|~`) tokenCharacters[c.charCodeAt(0)] = 1;
// reg-name of RFC 3986 §3.2.2.
for (const c of `${alphanumeric}-._~%!$&'()*+,;=`) hostCharacters[c.charCodeAt(0)] = 1;
for (let byte = 0x20; byte < 0x100; byte++) if (byte !== 0x7f) valueCharacters[byte] = 1;
valueCharacters[0x09] = 1;

function allIn(table: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (table[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}

/** A token (RFC 9110 §5.6.2): field names, methods, connection options. */
export function isToken(text: string): boolean {
  return text.length > 0 && allIn(tokenCharacters, text);
}

/** A byte that may stand in a token. */
export function isTokenByte(byte: number): boolean {
  return tokenCharacters[byte] === 1;
}

/** A field value (RFC 9110 §5.5): no control character but HTAB, nothing beyond latin1. */
export function isFieldValue(text: string): boolean {
  return allIn(valueCharacters, text);
}

/** A reg-name (RFC 3986 §3.2.2), not empty. */
export function isRegName(text: string): boolean {
  return (
    text.length > 0 &&
    allIn(hostCharacters, text) &&
    (!text.includes('%') || isPercentEncoded(text))
  );
}

/** Whether two hexadecimal digits follow every percent sign (RFC 3986 §2.1). */
function isPercentEncoded(text: string): boolean {
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', at + 1)) {
    if (!isHexDigit(text.charCodeAt(at + 1)) || !isHexDigit(text.charCodeAt(at + 2))) return false;
  }
  return true;
}

/** HEXDIG of either case; NaN, the code after the end of a text, is none. */
function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}

/**
 * Compares without regard to ASCII case. `lower` must be lower-case ASCII; nothing but ASCII letters is
 * folded, so that no Unicode character can pass for a letter.
 */
export function equalsIgnoreCase(text: string, lower: string): boolean {
  if (text.length !== lower.length) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const expected = lower.charCodeAt(i);
    if (code !== expected && (code < 0x41 || code > 0x5a || code + 0x20 !== expected)) return false;
  }
  return true;
}

/** Folds ASCII letters only. */
export function toLowerAscii(text: string): string {
  let hasUpper = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    if (code >= 0x41 && code <= 0x5a) hasUpper = true;
  }
  // Of ASCII alone, which it folds without a search of patterns.
  return hasUpper ? text.toLowerCase() : text;
}

/** Without the spaces and tabs at both ends (OWS, RFC 9110 §5.6.3). */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.substring(start, end);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Comma lists of tokens (RFC 9110 §5.6.1): Connection, Upgrade, TE, Transfer-Encoding and their like. */
import { isToken, toLowerAscii, trimOws } from './ascii.ts';

/**
 * Adds the members of a token list to `into`, in lower case. Empty members are passed over, as a
 * recipient must. False where a member is no token; `into` then holds those before it.
 */
export function readTokenList(value: string, into: string[]): boolean {
  // Nearly every list is this one.
  if (value === 'keep-alive') {
    into.push(value);
    return true;
  }
  let start = 0;
  while (start <= value.length) {
    let end = value.indexOf(',', start);
    if (end === -1) end = value.length;
    const member = trimOws(value.substring(start, end));
    if (member.length > 0) {
      if (!isToken(member)) return false;
      into.push(toLowerAscii(member));
    }
    start = end + 1;
  }
  return true;
}

/** Splits a list whose members may hold quoted strings (RFC 9110 §5.6.4), at a separator outside of them. */
export function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') quoted = !quoted;
    else if (quoted && character === '\\') at++;
    else if (!quoted && character === separator) {
      parts.push(text.substring(start, at));
      start = at + 1;
    }
  }
  parts.push(text.substring(start));
  return parts;
}

/** Sec-WebSocket-Extensions (RFC 6455 §9.1): a list of extensions, each with parameters. */
import { isToken, trimOws } from '../../http/ascii.ts';
import { splitOutsideQuotes } from '../../http/field-list.ts';

export interface ExtensionParameter {
  readonly name: string;
  /** Unquoted; null where the parameter has no value. */
  readonly value: string | null;
}

export interface Extension {
  readonly name: string;
  readonly parameters: readonly ExtensionParameter[];
}

/** What may stand in quotes: a token, as RFC 6455 §9.1 has it, or anything. */
export type QuotedValue = 'token' | 'any';

/** The most names of extensions and parameters that may be listed in all; see `maxSubprotocols`. */
export const maxExtensionNames = 128;

/**
 * Reads all lines of the field into one list. Null where it has more than 128 names of extensions and
 * parameters, or where the syntax is broken: names and values are tokens, and a quoted value must be one too
 * once it is unquoted, unless it may be any. Empty list members are passed over (RFC 9110 §5.6.1.2).
 */
export function readExtensions(
  values: readonly string[],
  quoted: QuotedValue = 'token',
): Extension[] | null {
  const extensions: Extension[] = [];
  let names = 0;
  for (const value of values) {
    for (const member of splitOutsideQuotes(value, ',')) {
      if (trimOws(member).length === 0) continue;
      const extension = readExtension(member, quoted);
      if (extension === null) return null;
      names += 1 + extension.parameters.length;
      if (names > maxExtensionNames) return null;
      extensions.push(extension);
    }
  }
  return extensions;
}

function readExtension(member: string, quoted: QuotedValue): Extension | null {
  const [head = '', ...rest] = splitOutsideQuotes(member, ';');
  const name = trimOws(head);
  if (!isToken(name)) return null;
  const parameters: ExtensionParameter[] = [];
  for (const text of rest) {
    const parameter = readParameter(text, quoted);
    if (parameter === null) return null;
    parameters.push(parameter);
  }
  return { name, parameters };
}

function readParameter(text: string, quoted: QuotedValue): ExtensionParameter | null {
  const equals = text.indexOf('=');
  const name = trimOws(equals === -1 ? text : text.substring(0, equals));
  if (!isToken(name)) return null;
  if (equals === -1) return { name, value: null };
  const raw = trimOws(text.substring(equals + 1));
  const isQuoted = raw.charCodeAt(0) === 0x22;
  const value = isQuoted ? unquote(raw) : raw;
  if (value === null) return null;
  return (isQuoted && quoted === 'any') || isToken(value) ? { name, value } : null;
}

/** The content of a quoted string; null where it does not end with its quote. */
function unquote(text: string): string | null {
  let content = '';
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at === text.length - 1 ? content : null;
    if (code === 0x5c) at++;
    content += text.charAt(at);
  }
  return null;
}

/** Writes one extension as a member of the field. */
export function formatExtension(extension: Extension): string {
  let text = extension.name;
  for (const { name, value } of extension.parameters) {
    text += value === null ? `; ${name}` : `; ${name}=${value}`;
  }
  return text;
}

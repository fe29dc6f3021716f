/** The Upgrade field (RFC 9110 §7.8): protocols that a client offers, or that a server has switched to. */
import { isToken, trimOws } from './ascii.ts';
import { getFieldValues, type ReadonlyFieldSection } from './field-section.ts';

/** Whether a text is one protocol: `name ["/" version]`, both of them tokens. */
export function isProtocol(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash === -1) return isToken(text);
  return isToken(text.substring(0, slash)) && isToken(text.substring(slash + 1));
}

/**
 * The members of all Upgrade fields in their order, as received. Empty members are passed over
 * (RFC 9110 §5.6.1.2). Null where one is malformed.
 */
export function readUpgrade(fields: ReadonlyFieldSection): string[] | null {
  const protocols: string[] = [];
  for (const value of getFieldValues(fields, 'upgrade')) {
    for (const part of value.split(',')) {
      const member = trimOws(part);
      if (member.length === 0) continue;
      if (!isProtocol(member)) return null;
      protocols.push(member);
    }
  }
  return protocols;
}

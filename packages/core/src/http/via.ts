/** Via (RFC 9110 §7.6.3): our entry, and whether it stands there already. */
import { equalsIgnoreCase, trimOws } from './ascii.ts';

/** The entry that we add. The protocol is HTTP/1.1 or 1.0, whose name is left out. */
export function viaEntry(minorVersion: 0 | 1, pseudonym: string): string {
  return `1.${minorVersion} ${pseudonym}`;
}

/** Whether a Via value names the pseudonym as one that received the message: it has come around. */
export function viaNames(value: string, pseudonym: string): boolean {
  const lower = pseudonym.toLowerCase();
  for (const member of value.split(',')) {
    // received-protocol RWS received-by [ RWS comment ]
    const [, receivedBy] = trimOws(member).split(/[ \t]+/, 2);
    if (receivedBy !== undefined && equalsIgnoreCase(receivedBy, lower)) return true;
  }
  return false;
}

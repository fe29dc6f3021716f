/** Via (RFC 9110 §7.6.3): our entry, and whether it stands there already. */
import { equalsIgnoreCase, trimOws } from './ascii.ts';

/** The entry that we add. The name of the protocol, HTTP, is left out. */
export function viaEntry(version: '1.0' | '1.1' | '2.0', pseudonym: string): string {
  return `${version} ${pseudonym}`;
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

/** Fields that end at the next hop (RFC 9110 §7.6.1), and those that Connection may not take away. */
import { equalsIgnoreCase } from './ascii.ts';
import { FIELD, knownField } from './known-field.ts';

/** Whether a field concerns one connection only and never passes a proxy, named in Connection or not. */
export function isConnectionField(name: string): boolean {
  switch (knownField(name)) {
    case FIELD.CONNECTION:
    case FIELD.TRANSFER_ENCODING:
    case FIELD.UPGRADE:
    case FIELD.TE:
    case FIELD.TRAILER:
    case FIELD.HOP:
      return true;
    default:
      return false;
  }
}

/**
 * Whether a field stays although Connection names it: what frames or routes a message, and what tells a
 * backend about the client. Else a client could take away what a proxy before us has put there.
 */
export function isProtectedField(lower: string): boolean {
  switch (lower) {
    case 'host':
    case 'content-length':
    case 'forwarded':
    case 'via':
    case 'date':
      return true;
    default:
      return lower.startsWith('x-forwarded-');
  }
}

/** Whether Connection names a field and may take it away. `named` is in lower case. */
export function isNamedByConnection(name: string, named: readonly string[]): boolean {
  for (const candidate of named) {
    if (equalsIgnoreCase(name, candidate)) return !isProtectedField(candidate);
  }
  return false;
}

/** The four forms of a request target (RFC 9112 §3.2), reduced to path and query plus authority. */

import type { ErrorCode } from '../../errors/catalog.ts';
import { isAuthority, sameAuthority } from '../../http/authority.ts';
import type { RequestHead } from './request-head.ts';

/**
 * Brings the target into origin form and checks it against the method and, in absolute form, against
 * Host. A mismatch is rejected rather than repaired (RFC 9112 §3.2.2 would let the target win), because
 * another hop may have believed the other of the two.
 */
export function normalizeTarget(head: RequestHead): ErrorCode | null {
  const { target } = head;
  const first = target.charCodeAt(0);
  // A fragment is never sent (RFC 9110 §7.1); a backend that cut it off would see another target.
  if (target.includes('#')) return 'RIT_ERR_TARGET';
  if (first === 0x2f) return null;
  if (target === '*') return head.method === 'OPTIONS' ? null : 'RIT_ERR_TARGET';
  return normalizeAbsoluteForm(head);
}

function normalizeAbsoluteForm(head: RequestHead): ErrorCode | null {
  const { target } = head;
  const colon = target.indexOf('://');
  const name = colon === -1 ? '' : target.substring(0, colon).toLowerCase();
  if (name !== 'http' && name !== 'https') return 'RIT_ERR_TARGET';
  const start = colon + 3;
  let end = start;
  while (end < target.length) {
    const code = target.charCodeAt(end);
    if (code === 0x2f || code === 0x3f) break;
    end++;
  }
  const authority = target.substring(start, end);
  // Userinfo is rejected by the grammar of the authority.
  if (!isAuthority(authority)) return 'RIT_ERR_TARGET';
  if (head.authority === null) head.authority = authority;
  else if (!sameAuthority(head.authority, authority, name)) return 'RIT_ERR_HOST_CONFLICT';
  if (end === target.length) head.target = head.method === 'OPTIONS' ? '*' : '/';
  else if (target.charCodeAt(end) === 0x3f) head.target = `/${target.substring(end)}`;
  else head.target = target.substring(end);
  return null;
}

/** Whether a request may go out a second time (RFC 9110 §9.2.2, RFC 9112 §9.3.1). */
import { isComplete } from './body-pieces.ts';
import type { UpstreamRequest } from './upstream-request.ts';

/**
 * True where a second time can do no harm and is possible: a safe method, and a body that can be sent
 * again. Safe, not merely idempotent: a PUT may have been followed by another.
 */
export function mayRepeat(request: UpstreamRequest): boolean {
  const { method, body } = request;
  if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') return false;
  return isComplete(body);
}

import type { ServerResponse } from 'node:http';
import { usesNodeInternals } from '@reverseit/core/internal';

/**
 * Whether `100 Continue` is still to be sent. Node has sent it unless the request came by `checkContinue`,
 * and only a field of its own tells. Where that cannot be asked, it counts as sent: a client goes on after a
 * moment.
 */
export function awaitsContinue(response: ServerResponse): boolean {
  if (!usesNodeInternals) return false;
  return (response as { readonly _sent100?: boolean })._sent100 === false;
}

/** Which of several backends a request belongs to: by what it is hashed on, or by the client's affinity cookie. */
import type { Exchange } from '@reverseit/core';
import type { ChosenBackend } from '@reverseit/upstream';
import { clientOf } from '../../hooks/client-of.ts';
import { RequestView } from '../../hooks/hook-request.ts';
import { hashKey } from '../headers/hash-key.ts';
import type { RouteRuntime } from '../runtime/route-runtime.ts';

/** What consistent hashing goes by. */
export function hashKeyOf(exchange: Exchange, { options: { hashOn } }: RouteRuntime): string {
  const { head } = exchange;
  return typeof hashOn === 'function'
    ? String(hashOn(new RequestView(head)))
    : hashKey(hashOn, head, clientOf(exchange).remoteAddress);
}

/** The id of the backend that the client's cookie names; null for none. */
export function boundBackend({ head }: Exchange, { group }: RouteRuntime): string | null {
  const affinity = group?.affinity ?? null;
  if (affinity === null) return null;
  for (const field of head.headers.getAll('cookie')) {
    const id = affinity.read(field);
    if (id !== null) return id;
  }
  return null;
}

/** The cookie that binds the client to the backend that it got; null where it is bound, or is not to be. */
export function bindingCookie(
  exchange: Exchange,
  route: RouteRuntime,
  { affinityId }: ChosenBackend,
): string | null {
  const affinity = route.group?.affinity ?? null;
  if (affinity === null || affinityId === '') return null;
  if (boundBackend(exchange, route) === affinityId) return null;
  return affinity.serialize(affinityId, clientOf(exchange).encrypted);
}

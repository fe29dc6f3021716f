/** Who sent a request: who is believed to have, or whoever has connected. */
import type { EffectiveClient, Exchange } from '@reverseit/core';

export function clientOf(exchange: Exchange): Omit<EffectiveClient, 'authority'> {
  return exchange.effectiveClient ?? exchange;
}

/** Host and port that the client named; null where it named none. */
export function authorityOf({ effectiveClient, head }: Exchange): string | null {
  return effectiveClient === null ? head.authority : effectiveClient.authority;
}

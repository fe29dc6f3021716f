/** Where a client is, as far as URLs tell: for those that the backend gives, and those that it is given. */
import type { Exchange } from '@reverseit/core';
import type { HeaderSection } from '@reverseit/core/http';
import { authorityOf, clientOf } from '../../hooks/client-of.ts';
import { ForwardedClient } from '../forwarded/forwarded-client.ts';
import type { LocationRewrite, PublicPlace } from './location-rewrite.ts';
import type { TargetRewrite } from './target-rewrite.ts';

/** The public side of a request. */
export function publicPlace(exchange: Exchange, target: TargetRewrite): PublicPlace {
  return {
    authority: authorityOf(exchange),
    encrypted: clientOf(exchange).encrypted,
    prefix: outerPrefix(exchange) + target.strippedFrom(exchange.head.target),
  };
}

/** What was taken off the path before the request came to us. */
function outerPrefix({ effectiveClient, mountPath }: Exchange): string {
  return effectiveClient instanceof ForwardedClient
    ? effectiveClient.prefix + mountPath
    : mountPath;
}

/**
 * Makes Destination name what the backend knows (RFC 4918 §10.3), in fields that are about to be sent. Costs a
 * look at the method unless it is COPY or MOVE.
 * @throws ProtocolError (`RIT_ERR_TARGET`, 400) where dot segments lead out of the route
 */
export function mapDestination(
  fields: HeaderSection,
  exchange: Exchange,
  target: TargetRewrite,
  locations: LocationRewrite | null,
): void {
  const { head } = exchange;
  if ((head.method !== 'COPY' && head.method !== 'MOVE') || locations === null) return;
  // As it came: another backend may have been asked before.
  const given = head.headers.get('destination');
  if (given === undefined || !fields.has('destination')) return;
  const place = publicPlace(exchange, target);
  const host = fields.get('host') ?? '';
  fields.set('destination', locations.inward(given, place, host, outerPrefix(exchange), target));
}

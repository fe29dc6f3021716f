/**
 * From what a look-up found to backends: the configured one says how they are asked, the look-up where they
 * are.
 */
import { placeName } from './address.ts';

/** What discovery decides of a backend. */
export interface Placed {
  readonly name: string;
  readonly weight: number;
  readonly tier: number;
  readonly place: { readonly host: string; readonly port: number } | null;
}

/** A record of a service (RFC 2782), with the addresses of its target. */
export interface FoundService {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** Every address is a backend of its own. */
export function atAddresses<B extends Placed>(
  configured: B,
  addresses: readonly string[],
  port: number,
): readonly B[] {
  const { weight, tier } = configured;
  return addresses.map((host) => at(configured, { host, port }, weight, tier));
}

/**
 * The lowest priority serves first, and each one after it when nobody before it can (RFC 2782). The addresses
 * of a target share the weight of its record. 0 counts as 1: a backend of weight 0 would get nothing.
 */
export function atServices<B extends Placed>(
  configured: B,
  services: readonly FoundService[],
): readonly B[] {
  const priorities = [...new Set(services.map(({ priority }) => priority))].sort((a, b) => a - b);
  const found = new Map<string, B>();
  for (const { priority, weight, port, addresses } of services) {
    const share = Math.max(1, Math.round(weight / addresses.length));
    for (const host of addresses) {
      const one = at(configured, { host, port }, share, priorities.indexOf(priority));
      const known = found.get(one.name);
      // Named by two records it is one backend, in the first tier that has it.
      if (known === undefined || one.tier < known.tier) found.set(one.name, one);
    }
  }
  return [...found.values()];
}

function at<B extends Placed>(
  configured: B,
  place: NonNullable<Placed['place']>,
  weight: number,
  tier: number,
): B {
  const name = `${configured.name} (${placeName(place.host, place.port)})`;
  return Object.freeze({ ...configured, name, weight, tier, place: Object.freeze(place) });
}

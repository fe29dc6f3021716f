/** What is known of the addresses of a name, from one look-up to the next. */
import { canonicalAddress } from './address.ts';

/** Of one look-up: null where that family could not be looked up. */
export interface AddressAnswer {
  readonly ipv4: readonly string[] | null;
  readonly ipv6: readonly string[] | null;
}

/** IPv4 first, each address once. */
export interface KnownAddresses {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

export const noAddresses: KnownAddresses = Object.freeze({ ipv4: [], ipv6: [] });

/** A family that could not be looked up keeps what was known. Null where nothing is left: keep all of it. */
export function learn(known: KnownAddresses, answer: AddressAnswer): KnownAddresses | null {
  const ipv4 = new Set(answer.ipv4 === null ? known.ipv4 : []);
  const ipv6 = new Set(answer.ipv6 === null ? known.ipv6 : []);
  for (const text of [...(answer.ipv4 ?? []), ...(answer.ipv6 ?? [])]) {
    const address = canonicalAddress(text);
    if (address !== null) (address.includes(':') ? ipv6 : ipv4).add(address);
  }
  return ipv4.size + ipv6.size === 0 ? null : { ipv4: [...ipv4], ipv6: [...ipv6] };
}

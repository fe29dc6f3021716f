/**
 * Look-ups of names for discovery, by the machine's own means or by name servers. None of them keeps time.
 */

import { messageOf } from '@reverseit/core/internal';
import type { NameServers, Network } from '../connect/network.ts';
import type { AddressAnswer } from './discovery/known-addresses.ts';

export interface FoundAddresses extends AddressAnswer {
  /** The shortest, in ms; null where it is not known. */
  readonly ttl: number | null;
  /** Why a family could not be looked up; null where both were. */
  readonly fault: string | null;
}

/** Looks up the addresses of a name. Rejects only where nothing at all was learned. */
export type LookUpAddresses = (name: string) => Promise<FoundAddresses>;

/** As connections look names up. It cannot be given up, so that one that hangs is not joined by another. */
export function systemLookup(network: Network): LookUpAddresses {
  const pending = new Set<string>();
  return async (name) => {
    if (pending.has(name)) throw new Error(`the former look-up of ${name} has not ended`);
    pending.add(name);
    return new Promise((resolve, reject) => {
      network.lookup(name, (error, addresses) => {
        pending.delete(name);
        if (error === null) {
          // Which family an address is of is seen from itself.
          const ipv4 = addresses.map(({ address }) => address);
          resolve({ ipv4, ipv6: [], ttl: null, fault: null });
        } else reject(error);
      });
    });
  };
}

/** By name servers; `inOrder`: IPv6 is asked for only where there is no IPv4. */
export function serverLookup(servers: NameServers, inOrder: boolean): LookUpAddresses {
  return async (name) => {
    const first = family(servers.resolve4(name));
    if (inOrder) {
      const ipv4 = await first;
      const isEnough = ipv4.addresses === null || ipv4.addresses.length > 0;
      return joined(ipv4, isEnough ? none : await family(servers.resolve6(name)));
    }
    const second = family(servers.resolve6(name));
    return joined(await first, await second);
  };
}

interface Family {
  readonly addresses: readonly string[] | null;
  readonly ttl: number | null;
  readonly fault: string | null;
}

const none: Family = { addresses: [], ttl: null, fault: null };

async function family(answer: ReturnType<NameServers['resolve4']>): Promise<Family> {
  try {
    const records = await answer;
    const ttl = records.reduce((least, one) => Math.min(least, one.ttl), Number.POSITIVE_INFINITY);
    const addresses = records.map(({ address }) => address);
    return { addresses, ttl: Number.isFinite(ttl) ? ttl * 1000 : null, fault: null };
  } catch (error) {
    return isNoRecord(error) ? none : { addresses: null, ttl: null, fault: messageOf(error) };
  }
}

function joined(ipv4: Family, ipv6: Family): FoundAddresses {
  const ttls = [ipv4.ttl, ipv6.ttl].filter((ttl) => ttl !== null);
  return {
    ipv4: ipv4.addresses,
    ipv6: ipv6.addresses,
    ttl: ttls.length === 0 ? null : Math.min(...ttls),
    fault: ipv4.fault ?? ipv6.fault,
  };
}

/** Whether the name server answered that there is no such record. */
export function isNoRecord(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ENODATA' || code === 'ENOTFOUND';
}

/** What is asked of the machine's network, to be replaced in tests. */
import { ADDRCONFIG, type LookupAddress, lookup, type SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** Addresses of a name in the order of preference: at least one, or an error. */
export type LookupCallback = (error: Error | null, addresses: readonly LookupAddress[]) => void;

/** An address, and for how many seconds it is good. */
export interface AddressRecord {
  readonly address: string;
  readonly ttl: number;
}

/** Name servers, asked as node:dns does; a name without records rejects with `ENODATA` or `ENOTFOUND`. */
export interface NameServers {
  resolve4(name: string): Promise<readonly AddressRecord[]>;
  resolve6(name: string): Promise<readonly AddressRecord[]>;
  resolveSrv(name: string): Promise<readonly SrvRecord[]>;
  /** Ends what is under way. */
  cancel(): void;
}

export interface Network {
  lookup(name: string, callback: LookupCallback): void;
  /** Begins to connect to an address or a unix socket. */
  connect(options: NetConnectOpts): Socket;
  /** The name servers at these addresses, or those of the machine. Default: over node:dns. */
  nameServers?(addresses: readonly string[] | null): NameServers;
}

/** As `net.connect` looks names up by itself: no family that this machine has no address of. */
const lookupOptions = { all: true, hints: process.platform === 'win32' ? 0 : ADDRCONFIG } as const;

export const systemNetwork: Network = {
  lookup: (name, callback) => lookup(name, lookupOptions, callback),
  connect,
};

/** Those of the network, where it has its own. */
export function nameServers(network: Network, addresses: readonly string[] | null): NameServers {
  return network.nameServers?.(addresses) ?? systemNameServers(addresses);
}

const withTtl = { ttl: true } as const;

function systemNameServers(addresses: readonly string[] | null): NameServers {
  const resolver = new Resolver();
  if (addresses !== null) resolver.setServers(addresses);
  return {
    resolve4: (name) => resolver.resolve4(name, withTtl),
    resolve6: (name) => resolver.resolve6(name, withTtl),
    resolveSrv: (name) => resolver.resolveSrv(name),
    cancel: () => resolver.cancel(),
  };
}

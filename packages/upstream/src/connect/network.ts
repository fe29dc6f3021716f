/** What is asked of the machine's network, to be replaced in tests. */
import { ADDRCONFIG, type LookupAddress, lookup } from 'node:dns';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** Addresses of a name in the order of preference: at least one, or an error. */
export type LookupCallback = (error: Error | null, addresses: readonly LookupAddress[]) => void;

export interface Network {
  lookup(name: string, callback: LookupCallback): void;
  /** Begins to connect to an address or a unix socket. */
  connect(options: NetConnectOpts): Socket;
}

/** As `net.connect` looks names up by itself: no family that this machine has no address of. */
const lookupOptions = { all: true, hints: process.platform === 'win32' ? 0 : ADDRCONFIG } as const;

export const systemNetwork: Network = {
  lookup: (name, callback) => lookup(name, lookupOptions, callback),
  connect,
};

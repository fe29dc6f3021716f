import type { AddressInfo } from 'node:net';

/** Where a server listens: a TCP address or the path of a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** The same from what a server of Node says; null where it does not listen. */
export function addressOf(address: AddressInfo | string | null): Address | null {
  if (address === null) return null;
  return typeof address === 'string'
    ? { path: address }
    : { host: address.address, port: address.port };
}

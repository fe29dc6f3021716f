/**
 * The PROXY protocol header that begins a connection to a backend (proxy-protocol §2). A connection of our own,
 * as for a health check, says so: `LOCAL`, which version 1 calls `UNKNOWN`. So does that of a client without
 * addresses, since a backend has to accept it.
 */
import { createError } from '@reverseit/core/errors';
import { writeProxyHeader } from '@reverseit/core/internal';
import type { ClientConnection } from '../exchange/message/upstream-request.ts';

export type HeaderVersion = 'v1' | 'v2';

/** @throws ReverseItError `RIT_ERR_CLIENT_ABORTED` where the client has left, and its address with it */
export function clientHeader(version: HeaderVersion, client: ClientConnection | null): Buffer {
  const number = version === 'v1' ? 1 : 2;
  if (client === null) return writeProxyHeader(number, null);
  if (client.closed) throw createError('RIT_ERR_CLIENT_ABORTED');
  const proxied = client.proxied ?? null;
  if (proxied === null) return writeProxyHeader(number, null);
  const { source, destination, told } = proxied;
  if (told === undefined || told === null) return writeProxyHeader(number, proxied);
  // §2.2.1: it names what is spoken on this connection, and not what the client speaks.
  const alpn = told.alpn === null ? null : 'http/1.1';
  return writeProxyHeader(number, { source, destination, told: { ...told, alpn } });
}

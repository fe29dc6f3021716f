/** Who the two ends of a connection are: as a proxy in front has told (PROXY protocol), or else as the socket knows. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ProxyAddress, ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import { clientAddress } from './client-address.ts';

export interface ConnectionEnds {
  readonly socket: Socket;
  /** What a proxy in front has told of the client; null where none has. */
  readonly proxyHeader: ProxyHeader | null;
}

export function remoteAddressOf({ socket, proxyHeader }: ConnectionEnds): string {
  return addressOf(proxyHeader, proxyHeader?.source ?? null, socket.remoteAddress);
}

export function remotePortOf({ socket, proxyHeader }: ConnectionEnds): number {
  return proxyHeader?.source?.port ?? socket.remotePort ?? 0;
}

export function localAddressOf({ socket, proxyHeader }: ConnectionEnds): string {
  return addressOf(proxyHeader, proxyHeader?.destination ?? null, socket.localAddress);
}

export function localPortOf({ socket, proxyHeader }: ConnectionEnds): number {
  return proxyHeader?.destination?.port ?? socket.localPort ?? 0;
}

export function isEncrypted({ socket, proxyHeader }: ConnectionEnds): boolean {
  if (proxyHeader?.tls?.encrypted === true) return true;
  return (socket as Partial<TLSSocket>).encrypted === true;
}

/** The address that was told, or else the socket's. A Unix socket has none. */
function addressOf(
  header: ProxyHeader | null,
  told: ProxyAddress | null,
  own: string | undefined,
): string {
  if (told === null) return clientAddress(own);
  return header?.family === 'unix' ? '' : clientAddress(told.address);
}

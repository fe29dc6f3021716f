/** What every exchange over a socket of ours says of its two ends, whatever protocol the socket speaks. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ProxyAddress, ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import { clientAddress } from './client-address.ts';
import { Exchange } from './exchange.ts';
import { type PeerCertificates, peerCertificates } from './peer-certificates.ts';

/** The connection of an exchange, as far as it tells who the two ends are. */
export interface ConnectionEnds {
  readonly socket: Socket;
  /** What a proxy in front has told of the client; null where none has. */
  readonly proxyHeader: ProxyHeader | null;
}

export abstract class SocketExchange extends Exchange {
  protected abstract get ends(): ConnectionEnds;

  get remoteAddress(): string {
    const { socket, proxyHeader } = this.ends;
    return addressOf(proxyHeader, proxyHeader?.source ?? null, socket.remoteAddress);
  }

  get remotePort(): number {
    const { socket, proxyHeader } = this.ends;
    return proxyHeader?.source?.port ?? socket.remotePort ?? 0;
  }

  get localPort(): number {
    const { socket, proxyHeader } = this.ends;
    return proxyHeader?.destination?.port ?? socket.localPort ?? 0;
  }

  override get localAddress(): string {
    const { socket, proxyHeader } = this.ends;
    return addressOf(proxyHeader, proxyHeader?.destination ?? null, socket.localAddress);
  }

  override get peerCertificates(): PeerCertificates | null {
    return peerCertificates(this.ends.socket);
  }

  get encrypted(): boolean {
    const { socket, proxyHeader } = this.ends;
    if (proxyHeader?.tls?.encrypted === true) return true;
    return (socket as Partial<TLSSocket>).encrypted === true;
  }

  override get proxyHeader(): ProxyHeader | null {
    return this.ends.proxyHeader;
  }
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

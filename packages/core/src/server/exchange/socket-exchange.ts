/** What every exchange over a socket of ours says of its two ends, whatever protocol the socket speaks. */
import type { ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import {
  type ConnectionEnds,
  isEncrypted,
  localAddressOf,
  localPortOf,
  remoteAddressOf,
  remotePortOf,
} from '../client/connection-ends.ts';
import { type PeerCertificates, peerCertificates } from '../client/peer-certificates.ts';
import { Exchange } from './exchange.ts';

export abstract class SocketExchange extends Exchange {
  protected abstract get ends(): ConnectionEnds;

  get remoteAddress(): string {
    return remoteAddressOf(this.ends);
  }

  get remotePort(): number {
    return remotePortOf(this.ends);
  }

  get localPort(): number {
    return localPortOf(this.ends);
  }

  override get localAddress(): string {
    return localAddressOf(this.ends);
  }

  override get peerCertificates(): PeerCertificates | null {
    return peerCertificates(this.ends.socket);
  }

  get encrypted(): boolean {
    return isEncrypted(this.ends);
  }

  override get proxyHeader(): ProxyHeader | null {
    return this.ends.proxyHeader;
  }
}

/** A request that was rejected before it became an exchange: what is known of it, for logs and counters. */
import type { ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import {
  type ConnectionEnds,
  isEncrypted,
  remoteAddressOf,
  remotePortOf,
} from '../client/connection-ends.ts';

/** How it was answered. */
export interface Rejection {
  /** Status of the response; 0 where a stream or connection was ended without one. */
  readonly status: number;
  /** Bytes of its body. */
  readonly bytesSent: number;
}

const unanswered: Rejection = Object.freeze({ status: 0, bytesSent: 0 });

export class RejectedRequest implements Rejection {
  /**
   * The request line as far as it came, 1,024 bytes of it at most; empty where nothing is known. Unchecked: a
   * string of bytes (latin1) in which any may stand, control characters too.
   */
  readonly requestLine: string;
  /** Status of the response; 0 where a stream or connection was ended without one. */
  readonly status: number;
  /** Bytes of the body of the response. */
  readonly bytesSent: number;
  /** Address of whoever has connected, or of whom the PROXY protocol names; empty on a Unix socket. */
  readonly remoteAddress: string;
  /** Its port; 0 on a Unix socket. */
  readonly remotePort: number;
  /** Whether the request came over TLS. */
  readonly encrypted: boolean;
  /** What the PROXY protocol header of the connection says; null where it had none. */
  readonly proxyHeader: ProxyHeader | null;

  /** @internal */
  constructor(ends: ConnectionEnds, requestLine: string, { status, bytesSent } = unanswered) {
    this.requestLine = requestLine;
    this.status = status;
    this.bytesSent = bytesSent;
    this.remoteAddress = remoteAddressOf(ends);
    this.remotePort = remotePortOf(ends);
    this.encrypted = isEncrypted(ends);
    this.proxyHeader = ends.proxyHeader;
  }
}

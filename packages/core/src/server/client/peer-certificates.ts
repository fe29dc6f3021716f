/** The certificates that a client has shown, which its connection keeps: they are read once. */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface PeerCertificates {
  /** DER. */
  readonly leaf: Buffer;
  /** DER, of those that have signed it, without what the client did not show and nobody knows. */
  readonly chain: readonly Buffer[];
}

/** No sound chain is longer. */
const maxChain = 10;

const known = new WeakMap<Socket, PeerCertificates | null>();

/**
 * The verified certificate of a TLS client; null where it has shown none, or one that no `ca` of the listener vouches
 * for.
 */
export function peerCertificates(socket: Socket): PeerCertificates | null {
  let certificates = known.get(socket);
  if (certificates === undefined) {
    certificates = readCertificates(socket as Partial<TLSSocket>);
    known.set(socket, certificates);
  }
  return certificates;
}

function readCertificates(socket: Partial<TLSSocket>): PeerCertificates | null {
  if (socket.authorized !== true) return null;
  const leaf = socket.getPeerX509Certificate?.();
  if (leaf === undefined) return null;
  const chain: Buffer[] = [];
  let last: X509Certificate = leaf;
  for (let next = last.issuerCertificate; next !== undefined; next = last.issuerCertificate) {
    // A root has signed itself.
    if (next.raw.equals(last.raw) || chain.length === maxChain) break;
    chain.push(next.raw);
    last = next;
  }
  return { leaf: leaf.raw, chain };
}

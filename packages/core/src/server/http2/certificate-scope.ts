/**
 * Which hosts a connection is for, of a listener with several certificates by name (RFC 9113 §9.1.2): clients send
 * requests for all that its certificate is valid for. One for the host of another certificate is misdirected.
 */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { parseAuthority } from '../../http/authority.ts';

/** Which certificate is for which name, as a client asks for it. */
export interface CertificateNames {
  find(asked: string): SecureContext | undefined;
}

export class CertificateScope {
  readonly #names: CertificateNames;
  readonly #socket: TLSSocket;
  /** By which the client's server name was answered. */
  readonly #own: SecureContext;
  #certificate: X509Certificate | undefined;
  /** The authority that was found to be in scope last: nearly always that of the next request. */
  #last = '';

  private constructor(names: CertificateNames, socket: TLSSocket, own: SecureContext) {
    this.#names = names;
    this.#socket = socket;
    this.#own = own;
  }

  /** Null for a client that has asked for none of the names: it takes whatever certificate there is. */
  static of(names: CertificateNames | null, socket: Socket): CertificateScope | null {
    if (names === null || !(socket instanceof TLSSocket)) return null;
    const { servername } = socket as TLSSocket & { readonly servername?: string | false | null };
    const own = typeof servername === 'string' ? names.find(servername) : undefined;
    return own === undefined ? null : new CertificateScope(names, socket, own);
  }

  /** Whether the connection's certificate is for this host, or no other one is. */
  includes(authority: string | null): boolean {
    if (authority === null) return true;
    if (authority === this.#last) return true;
    const host = parseAuthority(authority)?.host ?? '';
    const other = this.#names.find(host);
    if (other !== undefined && other !== this.#own && !this.#isCovered(host)) return false;
    this.#last = authority;
    return true;
  }

  #isCovered(host: string): boolean {
    this.#certificate ??= this.#socket.getX509Certificate();
    return this.#certificate === undefined || this.#certificate.checkHost(host) !== undefined;
  }
}

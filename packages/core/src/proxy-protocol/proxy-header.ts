/** What a PROXY protocol header says (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt). */

/** One end of the connection that the proxy in front has accepted. */
export interface ProxyAddress {
  /** IP address, or the path of a Unix socket. */
  readonly address: string;
  /** 0 on a Unix socket. */
  readonly port: number;
}

/** What the proxy in front says of the client's TLS (§2.2.6). */
export interface ProxyTls {
  /** Whether the client has connected over TLS. */
  readonly encrypted: boolean;
  /** Whether it has shown a certificate, on this connection or in its session. */
  readonly clientCertificate: boolean;
  /** Whether that certificate was verified. */
  readonly verified: boolean;
  /** Such as `TLSv1.3`; null where it is not told, as the following. */
  readonly version: string | null;
  readonly cipher: string | null;
  /** Common name of the client's certificate. */
  readonly commonName: string | null;
  readonly signatureAlgorithm: string | null;
  readonly keyAlgorithm: string | null;
}

/** A field of a header whose type has no name here. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Buffer;
}

/** The header of a connection, read and checked. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /** `local`: the proxy speaks for itself, as for a health check; the connection is its own. */
  readonly command: 'local' | 'proxy';
  /** Of the addresses; null where they are not told, or are none of a stream. */
  readonly family: 'tcp4' | 'tcp6' | 'unix' | null;
  /** The client; null where `family` is. */
  readonly source: ProxyAddress | null;
  /** Where it has connected to; null where `family` is. */
  readonly destination: ProxyAddress | null;
  /** Protocol that was chosen by ALPN (§2.2.1). */
  readonly alpn: string | null;
  /** Name that the client asked for, mostly by SNI (§2.2.2). */
  readonly authority: string | null;
  /** Opaque, of at most 128 bytes (§2.2.5). */
  readonly uniqueId: Buffer | null;
  /** Network namespace (§2.2.7). */
  readonly namespace: string | null;
  /** Null where nothing was told of it. */
  readonly tls: ProxyTls | null;
  /** Fields of other types, in their order. */
  readonly others: readonly ProxyTlv[];
}

/** A header without fields. */
export const bareHeader = {
  family: null,
  source: null,
  destination: null,
  alpn: null,
  authority: null,
  uniqueId: null,
  namespace: null,
  tls: null,
  others: [],
} as const;

/** Who sent a request and for which URL, where that is not for the connection to say. */
export interface EffectiveClient {
  /** The client's address; empty where none is known. */
  readonly remoteAddress: string;
  /** 0 where none is known. */
  readonly remotePort: number;
  /** Whether the client uses TLS. */
  readonly encrypted: boolean;
  /** Host and port that the client named; null where none is known. */
  readonly authority: string | null;
}

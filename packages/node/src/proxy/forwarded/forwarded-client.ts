/** What is believed of who sent a request, and for which URL it was. */
import type { EffectiveClient } from '@reverseit/core';
import type { ForwardedElement } from './forwarded-field.ts';
import type { ForwardedNode } from './forwarded-node.ts';

/** What the connection itself says. */
export interface PeerInfo {
  /** Empty on a Unix socket. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly encrypted: boolean;
}

const noNodes: readonly ForwardedNode[] = [];

export class ForwardedClient implements EffectiveClient {
  remoteAddress: string;
  remotePort: number;
  encrypted: boolean;
  /** Host and port that the client named; null where none is known. */
  authority: string | null;
  /** Path that proxies before us took off, as `/app`; empty for none. */
  prefix = '';
  /** Whether the peer is trusted, so that what it says of the client is kept. */
  readonly trusted: boolean;
  /** The chain of those before the peer, from the client on, as far as it is believed. */
  nodes: readonly ForwardedNode[] = noNodes;
  /** The same where Forwarded told it; null where X-Forwarded-For did, or nobody. */
  elements: readonly ForwardedElement[] | null = null;
  /** X-Forwarded-Host, as it goes on. */
  host: string | null;
  /** X-Forwarded-Port; empty where nobody told it. */
  port = '';

  constructor(peer: PeerInfo, authority: string | null, trusted: boolean) {
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.encrypted = peer.encrypted;
    this.authority = authority;
    this.host = authority;
    this.trusted = trusted;
  }
}

/**
 * Decides who the client is. The peer of a connection is believed if it is one of `trustedProxies`; of the chain
 * that it reports, each address is believed if the one after it is trusted: the chain is read from its end, up to
 * the first that is not trusted, or is malformed. That one is the client; what stands before it, it may have made up.
 *
 * Proto, host and port are taken from as many places from their end as the chain is long, which is what the
 * outermost trusted proxy said. Of a chain, `maxMembers` are read. Pure.
 */
import {
  FIELD,
  fieldEntry,
  isAuthority,
  parseAuthority,
  type ReadonlyFieldSection,
  trimOws,
} from '@reverseit/core/http';
import type { RequestHead } from '@reverseit/core/http1';
import { type AddressList, formatIpAddress } from '@reverseit/core/internal';
import type { TrustedHeaders } from '../../options/listeners/trust-options.ts';
import { withoutDotSegments } from '../../routes/dot-segments.ts';
import { joined, maxMembers, memberFromEnd } from './comma-list.ts';
import { ForwardedClient, type PeerInfo } from './forwarded-client.ts';
import {
  elementStart,
  type ForwardedElement,
  isSecureScheme,
  parseForwardedElement,
} from './forwarded-field.ts';
import { type ForwardedNode, parseForwardedNode } from './forwarded-node.ts';

/** What a request says of its client. Several lines of a field are one list (RFC 9110 §5.3). */
class Claims {
  for = '';
  proto = '';
  host = '';
  port = '';
  prefix = '';
  forwarded = '';

  constructor(fields: ReadonlyFieldSection) {
    for (let i = 0; i < fields.length; i += 2) {
      this.#add(fieldEntry(fields[i] as string).id, fields[i + 1] as string);
    }
  }

  #add(id: number, value: string): void {
    switch (id) {
      case FIELD.X_FORWARDED_FOR:
        this.for = joined(this.for, value);
        break;
      case FIELD.X_FORWARDED_PROTO:
        this.proto = joined(this.proto, value);
        break;
      case FIELD.X_FORWARDED_HOST:
        this.host = joined(this.host, value);
        break;
      case FIELD.X_FORWARDED_PORT:
        this.port = joined(this.port, value);
        break;
      case FIELD.X_FORWARDED_PREFIX:
        this.prefix = joined(this.prefix, value);
        break;
      case FIELD.FORWARDED:
        this.forwarded = joined(this.forwarded, value);
        break;
    }
  }

  get hasOldForm(): boolean {
    return this.for !== '' || this.proto !== '' || this.host !== '' || this.port !== '';
  }
}

export class ClientTrust {
  readonly #proxies: AddressList;
  readonly #headers: TrustedHeaders;

  constructor(proxies: AddressList, headers: TrustedHeaders) {
    this.#proxies = proxies;
    this.#headers = headers;
  }

  /** Who sent the request. Never throws, whatever the headers hold. */
  clientOf(head: RequestHead, peer: PeerInfo): ForwardedClient {
    const trusted = this.#proxies.hasPeer(peer.remoteAddress);
    const client = new ForwardedClient(peer, head.authority, trusted);
    if (!trusted) return client;
    const claims = new Claims(head.fields);
    if (this.#headers !== 'forwarded') client.prefix = readPrefix(claims.prefix);
    if (this.#believesForwarded(claims)) this.#readForwarded(claims.forwarded, client);
    else this.#readOldForm(claims, client);
    return client;
  }

  /**
   * Most proxies write X-Forwarded-* and pass a client's Forwarded on as it came. So of the two, Forwarded is
   * believed only where there is nothing of the other.
   */
  #believesForwarded(claims: Claims): boolean {
    if (this.#headers !== 'any') return this.#headers === 'forwarded';
    return claims.forwarded !== '' && !claims.hasOldForm;
  }

  #readOldForm(claims: Claims, client: ForwardedClient): void {
    const nodes = this.#readChain(claims.for);
    setClient(client, nodes);
    const place = Math.max(1, nodes.length);
    const encrypted = isSecureScheme(memberFromEnd(claims.proto, place));
    if (encrypted !== null) client.encrypted = encrypted;
    const host = memberFromEnd(claims.host, place);
    setHost(client, host === '' ? null : host, memberFromEnd(claims.port, place));
  }

  /** The chain that X-Forwarded-For tells, from the client on. */
  #readChain(list: string): readonly ForwardedNode[] {
    const nodes: ForwardedNode[] = [];
    for (let end = list.length, read = 0; end > 0 && read < maxMembers; read++) {
      const comma = list.lastIndexOf(',', end - 1);
      const member = trimOws(list.substring(comma + 1, end));
      end = comma;
      if (member === '') continue;
      const node = parseForwardedNode(member);
      if (node === null) break;
      nodes.push(node);
      if (!this.#trusts(node)) break;
    }
    return nodes.reverse();
  }

  #readForwarded(list: string, client: ForwardedClient): void {
    const elements: ForwardedElement[] = [];
    let host: string | null = null;
    for (let end = list.length, read = 0; end > 0 && read < maxMembers; read++) {
      const start = elementStart(list, end);
      if (start === -1) break;
      const text = trimOws(list.substring(start, end));
      end = start - 1;
      if (text === '') continue;
      const element = parseForwardedElement(text);
      if (element === null) break;
      elements.push(element);
      // What the outermost says of them counts; one that says nothing leaves what was said after it.
      host = element.host ?? host;
      const encrypted = element.proto === null ? null : isSecureScheme(element.proto);
      if (encrypted !== null) client.encrypted = encrypted;
      if (element.for === null || !this.#trusts(element.for)) break;
    }
    elements.reverse();
    client.elements = elements;
    setClient(
      client,
      elements.flatMap((element) => element.for ?? []),
    );
    setHost(client, host, '');
  }

  #trusts({ address }: ForwardedNode): boolean {
    return address !== null && this.#proxies.has(address);
  }
}

/** The first that has an address is the client; one that hides is known by who speaks for it. */
function setClient(client: ForwardedClient, nodes: readonly ForwardedNode[]): void {
  if (nodes.length === 0) return;
  client.nodes = nodes;
  const first = nodes.find(({ address }) => address !== null);
  if (first === undefined || first.address === null) return;
  client.remoteAddress = formatIpAddress(first.address);
  client.remotePort = first.port;
}

function setHost(client: ForwardedClient, host: string | null, port: string): void {
  if (host !== null && isAuthority(host)) client.host = host;
  client.authority = client.host;
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65535) return;
  client.port = port;
  const { authority } = client;
  if (authority === null || Number(port) === (client.encrypted ? 443 : 80)) return;
  if (parseAuthority(authority)?.port === -1) client.authority = `${authority}:${port}`;
}

/** A path that cannot be taken for anything else once it stands in a URL: no query, no empty segment. */
const prefixText = /^(?:\/[\w.~!$&'()*+=:@%-]+)+$/;

/**
 * X-Forwarded-Prefix: a path, or several that each hop took off, the outermost first. Empty where it may lead
 * somewhere else, also by dot segments that are percent-encoded.
 */
function readPrefix(list: string): string {
  if (list === '') return '';
  const members = list.split(',', maxMembers + 1);
  if (members.length > maxMembers) return '';
  const prefix = members.map((member) => trimOws(member).replace(/\/$/, '')).join('');
  if (!prefixText.test(prefix)) return '';
  return withoutDotSegments(prefix, 1).size > 0 ? '' : prefix;
}

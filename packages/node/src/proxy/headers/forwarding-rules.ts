/** What a route's backend is told of the client: X-Forwarded-*, Forwarded (RFC 7239). Pure. */
import { FIELD, type FieldEntry, type HeaderSection } from '@reverseit/core/http';
import type { RequestHead } from '@reverseit/core/http1';
import { joined } from '../forwarded/comma-list.ts';
import type { ForwardedClient } from '../forwarded/forwarded-client.ts';
import { forwardedElement } from '../forwarded/forwarded-field.ts';
import { bareNode, type ForwardedNode, parseForwardedNode } from '../forwarded/forwarded-node.ts';

/** What the connection says of a client. */
export interface ConnectionInfo {
  /** Address of whoever has connected; empty where there is none, on a Unix socket. */
  readonly remoteAddress: string;
  /** Our own address that was connected to; empty where it is not known. */
  readonly localAddress: string;
  readonly encrypted: boolean;
}

/** What one request and its connection say. */
export interface ForwardingFacts {
  readonly head: RequestHead;
  readonly connection: ConnectionInfo;
  /** What is believed of the client; null where no proxy is trusted, so that the connection counts. */
  readonly client: ForwardedClient | null;
  /** What has been taken off the start of the client's path, by us and by whom we believe. */
  readonly prefix: string;
  /** X-Forwarded-For as it came; empty where there is none. */
  readonly forwardedFor: string;
  /** Forwarded as it came; empty where there is none. */
  readonly forwarded: string;
  /** Names, in lower case, that a hook has set: it has the last word. */
  readonly claimed: ReadonlySet<string> | null;
}

export interface ForwardingOptions {
  /** The option `forwardedHeaders`. */
  readonly mode: 'append' | 'replace' | false;
  /** The option `forwarded`. */
  readonly standard: boolean;
  /** Folded names that the route takes off. */
  readonly removed: ReadonlySet<string> | null;
}

export class ForwardingRules {
  readonly #mode: 'append' | 'replace' | false;
  readonly #standard: boolean;
  readonly #removed: ReadonlySet<string> | null;

  constructor({ mode, standard, removed }: ForwardingOptions) {
    this.#mode = mode;
    this.#standard = standard;
    this.#removed = removed;
  }

  /** Whether a field that describes the client passes as it came. */
  passes(name: string, { id }: FieldEntry, { client, prefix, claimed }: ForwardingFacts): boolean {
    if (claimed?.has(name.toLowerCase()) === true) return true;
    if (id === FIELD.FORWARDED && this.#standard) return false;
    if (this.#mode === false) return true;
    if (this.#mode === 'replace' || isAlwaysOurs(id)) return false;
    if (client === null) return prefix === '' || !isPrefixField(name);
    if (id === FIELD.X_FORWARDED_PORT || isPrefixField(name)) return false;
    // With `_` nobody writes it who is trusted (RFC 3875 §4.1.18).
    return client.trusted && id !== FIELD.FORWARDED && !name.includes('_');
  }

  /** Adds what is ours to say. */
  add(headers: HeaderSection, facts: ForwardingFacts): void {
    const { head, connection, client } = facts;
    if (this.#mode !== false) {
      if (client === null) {
        const before = this.#mode === 'append' ? facts.forwardedFor : '';
        this.#add(headers, facts, 'x-forwarded-for', joined(before, connection.remoteAddress));
        this.#add(headers, facts, 'x-forwarded-proto', connection.encrypted ? 'https' : 'http');
        if (head.authority !== null) {
          this.#add(headers, facts, 'x-forwarded-host', head.authority);
        }
      } else this.#addBelieved(headers, facts, client);
      if (facts.prefix !== '') this.#add(headers, facts, 'x-forwarded-prefix', facts.prefix);
    }
    if (this.#standard) this.#add(headers, facts, 'forwarded', this.#standardChain(facts));
    else if (client !== null && this.#mode === 'append' && client.elements !== null) {
      this.#add(headers, facts, 'forwarded', chainText(client));
    }
  }

  #addBelieved(headers: HeaderSection, facts: ForwardingFacts, client: ForwardedClient): void {
    const { remoteAddress } = facts.connection;
    const chain =
      this.#mode === 'replace' ? client.remoteAddress : joined(bareChain(client), remoteAddress);
    this.#add(headers, facts, 'x-forwarded-for', chain);
    this.#add(headers, facts, 'x-forwarded-proto', client.encrypted ? 'https' : 'http');
    if (client.host !== null) this.#add(headers, facts, 'x-forwarded-host', client.host);
    if (client.port !== '') this.#add(headers, facts, 'x-forwarded-port', client.port);
  }

  /** Forwarded with what this hop adds (RFC 7239 §4). */
  #standardChain({ head, connection, client, forwarded }: ForwardingFacts): string {
    const by = parseForwardedNode(connection.localAddress);
    const { remoteAddress, encrypted } = connection;
    if (client === null) {
      const before = this.#mode === 'replace' ? '' : forwarded;
      return joined(before, elementOf(remoteAddress, by, head.authority, encrypted));
    }
    if (this.#mode === 'replace') {
      return elementOf(client.remoteAddress, by, client.host, client.encrypted);
    }
    const before = chainText(client);
    // The first element tells of the client.
    return before === ''
      ? elementOf(remoteAddress, by, client.host, client.encrypted)
      : joined(before, elementOf(remoteAddress, by, head.authority, encrypted));
  }

  #add(headers: HeaderSection, facts: ForwardingFacts, name: string, value: string): void {
    if (value === '' || this.#removed?.has(name) === true) return;
    if (facts.claimed?.has(name) === true) return;
    // The address comes from the application where its server is not ours.
    if (name === 'x-forwarded-for') headers.append(name, value);
    else headers.appendChecked(name, value);
  }
}

const isAlwaysOurs = (id: number): boolean =>
  id === FIELD.X_FORWARDED_FOR ||
  id === FIELD.X_FORWARDED_PROTO ||
  id === FIELD.X_FORWARDED_HOST ||
  id === FIELD.DISGUISED;

const isPrefixField = (name: string): boolean =>
  name.length === 18 && name.toLowerCase().replaceAll('_', '-') === 'x-forwarded-prefix';

/** Before the peer, as X-Forwarded-For has it. */
function bareChain({ nodes, elements }: ForwardedClient): string {
  if (nodes.length === 0) return '';
  return nodes.map((node) => (elements === null ? node.text : bareNode(node))).join(', ');
}

/** Before the peer, as Forwarded has it. */
function chainText({ nodes, elements, host, encrypted }: ForwardedClient): string {
  if (elements !== null) return elements.map(({ text }) => text).join(', ');
  return nodes
    .map((node, nth) =>
      forwardedElement(
        nth === 0
          ? { for: node, by: null, host, proto: schemeOf(encrypted) }
          : { for: node, by: null, host: null, proto: null },
      ),
    )
    .join(', ');
}

const elementOf = (
  remoteAddress: string,
  by: ForwardedNode | null,
  host: string | null,
  encrypted: boolean,
): string =>
  forwardedElement({
    for: parseForwardedNode(remoteAddress),
    by,
    host,
    proto: schemeOf(encrypted),
  });

const schemeOf = (encrypted: boolean): string => (encrypted ? 'https' : 'http');

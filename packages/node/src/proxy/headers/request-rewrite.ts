/** The header rules of a route: a client's request head in, the backend's field section out. Pure. */
import { fail } from '@reverseit/core/errors';
import {
  acceptsTrailers,
  authenticatesConnection,
  FIELD,
  type FieldSection,
  fieldEntry,
  foldName,
  forwardableTrailerNames,
  forwardableTrailers,
  getFieldValues,
  heedsMaxForwards,
  isNamedByConnection,
  setField,
  spendMaxForwards,
  toLowerAscii,
  viaEntry,
  viaNames,
} from '@reverseit/core/http';
import type { RequestHead } from '@reverseit/core/http1';
import type { WrittenFields } from '@reverseit/upstream';
import type { ResolvedRouteOptions } from '../../options/route-options.ts';
import { KeptLines } from './kept-lines.ts';

/** What is known of a client beside its request. */
export interface ClientInfo {
  /** Address; empty where there is none, on a Unix socket. */
  readonly remoteAddress: string;
  readonly encrypted: boolean;
}

/** A line of `addHeaders`; `again` where its name stood there before. */
interface AddedLine {
  readonly name: string;
  readonly value: string;
  readonly again: boolean;
}

/** What is found among the fields: values that each hop adds to, and what must be known of the rest. */
interface Chains {
  forwardedFor: string;
  via: string;
  /** Credentials of a scheme that authenticates the connection (RFC 4559). */
  login: boolean;
  /** The client takes trailers (RFC 9110 §10.1.4). */
  trailers: boolean;
}

function addedLines(fields: readonly string[]): readonly AddedLine[] {
  const seen = new Set<string>();
  const lines: AddedLine[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const lower = toLowerAscii(name);
    lines.push({ name, value: fields[i + 1] as string, again: seen.has(lower) });
    seen.add(lower);
  }
  return lines;
}

export class RequestRewrite {
  readonly #host: string;
  readonly #preserveHost: boolean;
  readonly #forwarded: 'append' | 'replace' | false;
  readonly #via: string | false;
  /** Folded: a client must not get around the route's word by `_` for `-`. */
  readonly #removed: ReadonlySet<string> | null;
  readonly #added: readonly AddedLine[];
  /** The spellings of what is added, by their folded names. */
  readonly #spellings: ReadonlyMap<string, string> | null;

  constructor(options: ResolvedRouteOptions) {
    this.#host = options.backend?.authority ?? '';
    this.#preserveHost = options.preserveHostHeader;
    this.#forwarded = options.forwardedHeaders;
    this.#via = options.via;
    this.#removed =
      options.removeHeaders.length === 0 ? null : new Set(options.removeHeaders.map(foldName));
    this.#added = addedLines(options.addHeaders);
    this.#spellings =
      this.#added.length === 0
        ? null
        : new Map(this.#added.map(({ name }) => [foldName(name), toLowerAscii(name)]));
  }

  /**
   * The backend's fields, without framing. Order, case and repetition of end-to-end fields are kept; what
   * concerns the client's connection is left out, what tells of the client is put behind, the route's own
   * have the last word.
   * @throws ProtocolError `RIT_ERR_LOOP_DETECTED` where Via names us
   */
  fields(head: RequestHead, client: ClientInfo): FieldSection {
    const fields: FieldSection = ['host', this.#hostFor(head)];
    const chains: Chains = { forwardedFor: '', via: '', login: false, trailers: false };
    const source = head.fields;
    for (let i = 0; i < source.length; i += 2) {
      const name = source[i] as string;
      const value = source[i + 1] as string;
      if (this.#goesOn(name, value, head, chains)) fields.push(name, value);
    }
    this.#addOurs(fields, head, client, chains);
    this.#add(fields);
    return fields;
  }

  /**
   * The same as lines, runs of which are taken from the client's head as they stand there; null where its
   * lines are unusual, or the route replaces fields.
   * @throws ProtocolError `RIT_ERR_LOOP_DETECTED` where Via names us
   */
  lines(head: RequestHead, client: ClientInfo): WrittenFields | null {
    const text = head.lines;
    if (text === null || this.#added.length > 0) return null;
    const chains: Chains = { forwardedFor: '', via: '', login: false, trailers: false };
    const source = head.fields;
    const kept = new KeptLines(text);
    for (let i = 0; i < source.length; i += 2) {
      const name = source[i] as string;
      const value = source[i + 1] as string;
      kept.pass(name, value, this.#goesOn(name, value, head, chains));
    }
    const added: FieldSection = [];
    this.#addOurs(added, head, client, chains);
    return {
      host: this.#hostFor(head),
      lines: kept.take(),
      added,
      authenticatesConnection: chains.login,
    };
  }

  /** Of a request's trailers, those that may come last (RFC 9110 §6.5.1) and that no rule of the route is about. */
  trailers(trailers: FieldSection, head: RequestHead): FieldSection {
    const passed = forwardableTrailers(trailers);
    const kept: FieldSection = [];
    for (let i = 0; i < passed.length; i += 2) {
      const name = passed[i] as string;
      if (this.#trails(name, head)) kept.push(name, passed[i + 1] as string);
    }
    return kept;
  }

  /** What Trailer announces of them (RFC 9110 §6.6.2); null where that is nothing. */
  trailerNames(head: RequestHead): string | null {
    const names = forwardableTrailerNames(getFieldValues(head.fields, 'trailer').join(', '));
    if (names === '') return null;
    const kept = names.split(',').filter((name) => this.#trails(name.trim(), head));
    return kept.length === 0 ? null : kept.join(',').trim();
  }

  #trails(name: string, head: RequestHead): boolean {
    const lower = toLowerAscii(name);
    return (
      this.#passes(name, fieldEntry(name).describesClient, head) &&
      !this.#added.some((line) => toLowerAscii(line.name) === lower)
    );
  }

  #hostFor(head: RequestHead): string {
    return this.#preserveHost && head.authority !== null ? head.authority : this.#host;
  }

  /** Whether a field goes on as it is; what is to be continued is put into the chains. */
  #goesOn(name: string, value: string, head: RequestHead, chains: Chains): boolean {
    const { id, hopByHop, describesClient } = fieldEntry(name);
    switch (id) {
      case FIELD.HOST:
      case FIELD.CONTENT_LENGTH:
      case FIELD.EXPECT:
        return false;
      case FIELD.TE:
        if (acceptsTrailers(value)) chains.trailers = true;
        return false;
      case FIELD.AUTHORIZATION:
        if (authenticatesConnection(value)) chains.login = true;
        break;
      case FIELD.VIA:
        if (this.#via === false) break;
        if (viaNames(value, this.#via)) throw fail('RIT_ERR_LOOP_DETECTED');
        chains.via = joined(chains.via, value);
        return false;
      case FIELD.X_FORWARDED_FOR:
        if (this.#forwarded === false) break;
        chains.forwardedFor = joined(chains.forwardedFor, value);
        return false;
      case FIELD.X_FORWARDED_HOST:
      case FIELD.X_FORWARDED_PROTO:
      case FIELD.DISGUISED:
        if (this.#forwarded === false) break;
        return false;
      default:
        if (hopByHop) return false;
    }
    return this.#passes(name, describesClient, head);
  }

  #addOurs(fields: FieldSection, head: RequestHead, client: ClientInfo, chains: Chains): void {
    // We can pass them on to whoever does not speak HTTP/1.0.
    if (chains.trailers && head.minorVersion === 1)
      this.#addUnlessRemoved(fields, 'te', 'trailers');
    if (this.#forwarded !== false) this.#addForwarded(fields, head, client, chains.forwardedFor);
    if (this.#via === false) return;
    fields.push('via', joined(chains.via, viaEntry(head.minorVersion, this.#via)));
  }

  /** Neither named by the client's Connection nor removed by the route, nor to be taken for what it adds. */
  #passes(name: string, describesClient: boolean, head: RequestHead): boolean {
    if (this.#forwarded === 'replace' && describesClient) return false;
    const { connectionNames } = head;
    if (connectionNames !== null && isNamedByConnection(name, connectionNames)) return false;
    if (this.#removed?.has(foldName(name)) === true) return false;
    const spelling = this.#spellings?.get(foldName(name));
    return spelling === undefined || spelling === toLowerAscii(name);
  }

  /** The first line of a name takes the place of those that were there; the others follow at the end. */
  #add(fields: FieldSection): void {
    for (const { name, value, again } of this.#added) {
      if (again) fields.push(name, value);
      else setField(fields, name, value);
    }
  }

  #addForwarded(
    fields: FieldSection,
    head: RequestHead,
    client: ClientInfo,
    forwardedFor: string,
  ): void {
    const chain = joined(this.#forwarded === 'append' ? forwardedFor : '', client.remoteAddress);
    if (chain !== '') this.#addUnlessRemoved(fields, 'x-forwarded-for', chain);
    this.#addUnlessRemoved(fields, 'x-forwarded-proto', client.encrypted ? 'https' : 'http');
    if (head.authority !== null) {
      this.#addUnlessRemoved(fields, 'x-forwarded-host', head.authority);
    }
  }

  #addUnlessRemoved(fields: FieldSection, name: string, value: string): void {
    if (this.#removed === null || !this.#removed.has(name)) fields.push(name, value);
  }
}

/**
 * Whether OPTIONS or TRACE may go one hop further (RFC 9110 §7.6.2); counts the hop in the head's
 * fields. Always true for other methods.
 */
export function mayForward(head: RequestHead): boolean {
  if (!heedsMaxForwards(head.method)) return true;
  head.lines = null;
  return spendMaxForwards(head.fields);
}

/** Two lists as one (RFC 9110 §5.3); either may be empty. */
function joined(list: string, more: string): string {
  if (list === '') return more;
  return more === '' ? list : `${list}, ${more}`;
}

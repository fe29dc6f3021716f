/** The header rules of a route: a client's request head in, the backend's header section out. Pure. */
import type { EffectiveClient, PeerCertificates } from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import {
  acceptsTrailers,
  decrementMaxForwards,
  FIELD,
  type FieldEntry,
  type FieldRule,
  type FieldSection,
  foldName,
  forwardableTrailerNames,
  forwardableTrailers,
  getField,
  getFieldValues,
  HeaderSection,
  isLastHop,
  isNamedByConnection,
  toLowerAscii,
  usesMaxForwards,
  viaEntry,
  viaNames,
} from '@reverseit/core/http';
import type { RequestHead } from '@reverseit/core/http1';
import type { ResolvedRouteOptions } from '../../options/route-options.ts';
import { joined } from '../forwarded/comma-list.ts';
import { ForwardedClient } from '../forwarded/forwarded-client.ts';
import { certificateFields } from './client-certificate.ts';
import { type ConnectionInfo, type ForwardingFacts, ForwardingRules } from './forwarding-rules.ts';
import { TargetRewrite } from './target-rewrite.ts';

/** What is known of a client beside its request: an exchange, for one. */
export interface ClientInfo extends ConnectionInfo {
  /** What is believed of what proxies before us say; null where the connection counts. */
  readonly effectiveClient: EffectiveClient | null;
  readonly peerCertificates: PeerCertificates | null;
  /** What an application took off the start of the target. */
  readonly mountPath: string;
}

/** A line of `addHeaders`; `again` where its name stood there before. */
interface AddedLine {
  readonly name: string;
  readonly value: string;
  readonly again: boolean;
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

/** Nobody but us may say them (RFC 9440 §3). */
const certificateNames = ['client-cert', 'client-cert-chain'];

/** What a route says about the fields of its requests. */
interface RouteFieldRules {
  readonly forwarding: ForwardingRules;
  readonly via: string | false;
  /** Carries the id of the request, which a client must not strip by Connection; in lower case, or null. */
  readonly requestId: string | null;
  /** Folded: a client must not get around the route's word by `_` for `-`. */
  readonly removed: ReadonlySet<string> | null;
  /** The spellings of what is added, by their folded names. */
  readonly spellings: ReadonlyMap<string, string> | null;
}

/** Which fields of one request pass; notes the values that each hop adds to. */
class RequestRule implements FieldRule, ForwardingFacts {
  forwardedFor = '';
  forwarded = '';
  via = '';
  /** The client takes trailers (RFC 9110 §10.1.4). */
  trailers = false;
  readonly head: RequestHead;
  readonly connection: ConnectionInfo;
  readonly client: ForwardedClient | null;
  readonly prefix: string;
  readonly claimed: ReadonlySet<string> | null;
  readonly #rules: RouteFieldRules;

  constructor(
    rules: RouteFieldRules,
    head: RequestHead,
    client: ClientInfo,
    prefix: string,
    claimed: ReadonlySet<string> | null,
  ) {
    const { effectiveClient } = client;
    this.#rules = rules;
    this.head = head;
    this.connection = client;
    this.client = effectiveClient instanceof ForwardedClient ? effectiveClient : null;
    this.prefix = prefix;
    this.claimed = claimed;
  }

  pass(name: string, value: string, entry: FieldEntry): string | null {
    let passed = value;
    switch (entry.id) {
      case FIELD.HOST:
      case FIELD.CONTENT_LENGTH:
      case FIELD.EXPECT:
        return null;
      case FIELD.TE:
        if (acceptsTrailers(value)) this.trailers = true;
        return null;
      case FIELD.VIA:
        if (this.#rules.via === false) break;
        if (viaNames(value, this.#rules.via)) throw createError('RIT_ERR_LOOP_DETECTED');
        this.via = joined(this.via, value);
        return null;
      case FIELD.X_FORWARDED_FOR:
        this.forwardedFor = joined(this.forwardedFor, value);
        break;
      case FIELD.FORWARDED:
        this.forwarded = joined(this.forwarded, value);
        break;
      case FIELD.MAX_FORWARDS:
        if (usesMaxForwards(this.head.method)) passed = decrementMaxForwards(value);
        break;
      default:
        if (entry.hopByHop) return null;
    }
    if (entry.describesClient && !this.#rules.forwarding.passes(name, entry, this)) return null;
    return isForwarded(name, this.#rules, this.head) ? passed : null;
  }
}

/** Neither named by the client's Connection nor removed by the route, nor to be taken for what it adds. */
function isForwarded(
  name: string,
  { removed, spellings, requestId }: RouteFieldRules,
  { connectionNames }: RequestHead,
): boolean {
  if (connectionNames !== null && isNamedByConnection(name, connectionNames)) {
    if (requestId === null || toLowerAscii(name) !== requestId) return false;
  }
  if (removed?.has(foldName(name)) === true) return false;
  const spelling = spellings?.get(foldName(name));
  return spelling === undefined || spelling === toLowerAscii(name);
}

export class RequestRewrite {
  /** Null where there are several backends, and the route names none. */
  readonly #host: string | null;
  readonly #preserveHost: boolean;
  readonly #rules: RouteFieldRules;
  readonly #added: readonly AddedLine[];
  readonly #certificate: boolean | 'chain';
  /** Null where nothing is taken off the path. */
  readonly #strip: TargetRewrite | null;

  /**
   * `authority` of the backend; null where there are several, of which one is named later. `requestId`: the
   * header of the id that requests have been given, or null.
   */
  constructor(
    options: ResolvedRouteOptions,
    authority: string | null,
    requestId: string | null = null,
  ) {
    const { path, stripPath, removeHeaders } = options;
    const added = addedLines(options.addHeaders);
    const dropped = options.clientCertificate
      ? [...removeHeaders, ...certificateNames]
      : removeHeaders;
    const removed = dropped.length === 0 ? null : new Set(dropped.map(foldName));
    // What the route adds takes its place.
    this.#host = authority ?? getField(options.addHeaders, 'host') ?? null;
    this.#preserveHost = options.preserveHostHeader;
    this.#added = added;
    this.#certificate = options.clientCertificate;
    this.#strip =
      stripPath === null ? null : new TargetRewrite({ path, stripPath, pathPrefix: '' });
    this.#rules = {
      forwarding: new ForwardingRules({
        mode: options.forwardedHeaders,
        standard: options.forwarded,
        removed,
      }),
      via: options.via,
      requestId,
      removed,
      spellings:
        added.length === 0
          ? null
          : new Map(added.map(({ name }) => [foldName(name), toLowerAscii(name)])),
    };
  }

  /**
   * The backend's section, without framing. Order, case and repetition of end-to-end fields are kept; what
   * concerns the client's connection is left out, what tells of the client is added at the end, the route's own
   * have the last word. `claimed` are fields about the client that a hook has set: they stay as they are.
   * @throws ProtocolError `RIT_ERR_LOOP_DETECTED` where Via names us
   */
  apply(
    head: RequestHead,
    client: ClientInfo,
    claimed: ReadonlySet<string> | null = null,
  ): HeaderSection {
    const headers = HeaderSection.empty();
    const host = this.#hostFor(head);
    if (host !== null) headers.appendChecked('host', host);
    const rule = new RequestRule(
      this.#rules,
      head,
      client,
      this.#publicPrefix(head, client),
      claimed,
    );
    head.headers.filter(rule, headers);
    this.#addOurs(headers, head, rule);
    if (this.#certificate !== false) this.#addCertificate(headers, client);
    // The first line of a name takes the place of those that were there; the others follow at the end.
    for (const { name, value, again } of this.#added) {
      if (again) headers.append(name, value);
      else headers.set(name, value);
    }
    return headers;
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
      isForwarded(name, this.#rules, head) &&
      lower !== this.#rules.requestId &&
      !this.#added.some((line) => toLowerAscii(line.name) === lower)
    );
  }

  /** Names the backend of that authority, one of several, in a section that `apply` has made. */
  nameBackend(headers: HeaderSection, head: RequestHead, authority: string): void {
    if (this.#hostFor(head) !== null) return;
    // Named already where an attempt has failed.
    if (headers.fields[0] === 'host') headers.set('host', authority);
    else headers.prepend('host', authority);
  }

  /** Null where it depends on which of several backends is chosen. */
  #hostFor(head: RequestHead): string | null {
    return this.#preserveHost && head.authority !== null ? head.authority : this.#host;
  }

  /** What somebody has taken off the start of the client's path; mostly empty. */
  #publicPrefix({ target }: RequestHead, { effectiveClient, mountPath }: ClientInfo): string {
    const stripped =
      this.#strip === null ? mountPath : mountPath + this.#strip.strippedFrom(target);
    return effectiveClient instanceof ForwardedClient
      ? effectiveClient.prefix + stripped
      : stripped;
  }

  #addCertificate(headers: HeaderSection, { peerCertificates }: ClientInfo): void {
    if (peerCertificates === null) return;
    const { leaf, chain } = certificateFields(peerCertificates);
    headers.appendChecked('client-cert', leaf);
    if (this.#certificate === 'chain' && chain !== '') {
      headers.appendChecked('client-cert-chain', chain);
    }
  }

  #addOurs(headers: HeaderSection, head: RequestHead, found: RequestRule): void {
    const { forwarding, via, removed } = this.#rules;
    // We can pass them on to whoever does not speak HTTP/1.0.
    if (found.trailers && head.minorVersion === 1 && removed?.has('te') !== true) {
      headers.appendChecked('te', 'trailers');
    }
    forwarding.add(headers, found);
    if (via !== false) {
      headers.appendChecked('via', joined(found.via, viaEntry(head.httpVersion, via)));
    }
  }
}

/** Whether OPTIONS or TRACE may go one hop further (RFC 9110 §7.6.2). Always true for other methods. */
export function mayForward(head: RequestHead): boolean {
  return !usesMaxForwards(head.method) || !isLastHop(head.fields);
}

/** The header rules of a route: a client's request head in, the backend's field section out. Pure. */
import { fail } from '@reverseit/core/errors';
import {
  FIELD,
  type FieldSection,
  heedsMaxForwards,
  isNamedByConnection,
  knownField,
  setField,
  spendMaxForwards,
  toLowerAscii,
  viaEntry,
  viaNames,
} from '@reverseit/core/http';
import type { RequestHead } from '@reverseit/core/http1';
import type { ResolvedRouteOptions } from '../options/route-options.ts';

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
  readonly #removed: ReadonlySet<string> | null;
  readonly #added: readonly AddedLine[];

  constructor(options: ResolvedRouteOptions) {
    this.#host = authorityOf(options.backend ?? '');
    this.#preserveHost = options.preserveHostHeader;
    this.#forwarded = options.forwardedHeaders;
    this.#via = options.via;
    this.#removed =
      options.removeHeaders.length === 0 ? null : new Set(options.removeHeaders.map(toLowerAscii));
    this.#added = addedLines(options.addHeaders);
  }

  /**
   * The backend's fields, without framing. Order, case and repetition of end-to-end fields are kept; what
   * concerns the client's connection is left out, what tells of the client is put behind, the route's own
   * have the last word.
   * @throws ProtocolError `RIT_ERR_LOOP_DETECTED` where Via names us
   */
  fields(head: RequestHead, client: ClientInfo): FieldSection {
    const host = this.#preserveHost && head.authority !== null ? head.authority : this.#host;
    const fields: FieldSection = ['host', host];
    let forwardedFor = '';
    let via = '';
    const source = head.fields;
    for (let i = 0; i < source.length; i += 2) {
      const name = source[i] as string;
      const value = source[i + 1] as string;
      switch (knownField(name)) {
        case FIELD.HOST:
        case FIELD.CONTENT_LENGTH:
        case FIELD.CONNECTION:
        case FIELD.TRANSFER_ENCODING:
        case FIELD.UPGRADE:
        case FIELD.EXPECT:
        case FIELD.HOP:
          continue;
        case FIELD.VIA:
          if (this.#via === false) break;
          if (viaNames(value, this.#via)) throw fail('RIT_ERR_LOOP_DETECTED');
          via = joined(via, value);
          continue;
        case FIELD.X_FORWARDED_FOR:
          if (this.#forwarded === false) break;
          forwardedFor = joined(forwardedFor, value);
          continue;
        case FIELD.X_FORWARDED_HOST:
        case FIELD.X_FORWARDED_PROTO:
          if (this.#forwarded === false) break;
          continue;
        default:
          break;
      }
      if (this.#passes(name, head)) fields.push(name, value);
    }
    if (this.#forwarded !== false) this.#addForwarded(fields, head, client, forwardedFor);
    if (this.#via !== false)
      fields.push('via', joined(via, viaEntry(head.minorVersion, this.#via)));
    this.#add(fields);
    return fields;
  }

  /** Neither named by the client's Connection nor removed by the route. */
  #passes(name: string, head: RequestHead): boolean {
    const { connectionNames } = head;
    if (connectionNames !== null && isNamedByConnection(name, connectionNames)) return false;
    return this.#removed === null || !this.#removed.has(toLowerAscii(name));
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
  return !heedsMaxForwards(head.method) || spendMaxForwards(head.fields);
}

/** Two lists as one (RFC 9110 §5.3); either may be empty. */
function joined(list: string, more: string): string {
  if (list === '') return more;
  return more === '' ? list : `${list}, ${more}`;
}

/** The authority of a resolved backend URL: the default port is left out there already. */
function authorityOf(url: string): string {
  const start = url.indexOf('://') + 3;
  const end = url.indexOf('/', start);
  return end === -1 ? url.substring(start) : url.substring(start, end);
}

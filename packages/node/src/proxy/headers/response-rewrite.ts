/** The header rules for responses: a backend's header section in, the client's out. Pure. */
import {
  equalsIgnoreCase,
  FIELD,
  type FieldEntry,
  type FieldRule,
  fieldEntry,
  forwardableTrailerNames,
  type HeaderSection,
  readTokenList,
  toLowerAscii,
  viaEntry,
} from '@reverseit/core/http';
import type { UpstreamResponseHead } from '@reverseit/upstream';

/** Who knows what the backend's URLs, and its cookies, are to the client. */
export interface PublicMapper {
  publicLocation(url: string): string;
  publicRefresh(value: string): string;
  publicCookie(value: string): string;
}

/** What was received of a response. */
export type ReceivedHead = Pick<UpstreamResponseHead, 'status' | 'headers' | 'httpVersion'>;

/** Which fields of one response pass. */
class ResponseRule implements FieldRule {
  hasDate = false;
  /** Names that Connection lists beside the options that are no fields; null for the usual none. */
  named: string[] | null = null;
  readonly #status: number;
  readonly #mayTrail: boolean;
  readonly #mapper: PublicMapper | null;

  constructor(status: number, mayTrail: boolean, mapper: PublicMapper | null) {
    this.#status = status;
    this.#mayTrail = mayTrail;
    this.#mapper = mapper;
  }

  pass(_: string, value: string, { id, hopByHop }: FieldEntry): string | null {
    switch (id) {
      case FIELD.CONNECTION:
        this.#addNames(value);
        return null;
      case FIELD.CONTENT_LENGTH:
        // RFC 9110 §8.6: never in a 204 or an interim response.
        return this.#status !== 204 && this.#status >= 200 ? value : null;
      case FIELD.DATE:
        this.hasDate = true;
        return value;
      case FIELD.LOCATION:
        return this.#mapper === null ? value : this.#mapper.publicLocation(value);
      case FIELD.REFRESH:
        return this.#mapper === null ? value : this.#mapper.publicRefresh(value);
      case FIELD.SET_COOKIE:
        return this.#mapper === null ? value : this.#mapper.publicCookie(value);
      case FIELD.TRAILER:
        return this.#mayTrail ? forwardableTrailerNames(value) || null : null;
      default:
        return hopByHop ? null : value;
    }
  }

  #addNames(value: string): void {
    if (equalsIgnoreCase(value, 'keep-alive') || equalsIgnoreCase(value, 'close')) return;
    this.named ??= [];
    readTokenList(value, this.named);
  }
}

/**
 * Drops what Connection names. A set, since a backend may send thousands of names and thousands of fields.
 */
class NamedRule implements FieldRule {
  readonly #named: ReadonlySet<string>;

  constructor(named: readonly string[]) {
    this.#named = new Set(named.filter((name) => !fieldEntry(name).protected));
  }

  pass(name: string, value: string): string | null {
    return this.#named.has(toLowerAscii(name)) ? null : value;
  }
}

/**
 * The client's section. Order, case and repetition are kept. `date` is added where the backend sent
 * none (RFC 9110 §6.6.1) unless it is null; `via` is our pseudonym or false; `mayTrail` where the client can
 * be sent trailers, and told which (RFC 9110 §6.6.2); `mapper` makes URLs and cookies public, null leaves them.
 */
export function responseHeaders(
  { status, headers: source, httpVersion }: ReceivedHead,
  via: string | false,
  date: string | null,
  mayTrail: boolean,
  mapper: PublicMapper | null = null,
): HeaderSection {
  const rule = new ResponseRule(status, mayTrail, mapper);
  let headers = source.filter(rule);
  if (rule.named !== null) headers = headers.filter(new NamedRule(rule.named));
  if (!rule.hasDate && date !== null) headers.appendChecked('date', date);
  if (via !== false) headers.appendChecked('via', viaEntry(httpVersion, via));
  return headers;
}

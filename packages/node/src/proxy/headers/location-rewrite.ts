/**
 * Makes the public URL of one that a backend gives of its own: `http://127.0.0.1:8080/base/x` is
 * `https://example.org/api/x` to a client that came by there. Pure.
 */
import { sameAuthority, toLowerAscii } from '@reverseit/core/http';
import type { BackendUrl } from '@reverseit/core/options';
import { isUnder } from '../../routes/path-prefix.ts';
import type { TargetRewrite } from './target-rewrite.ts';

/** What decides about the URLs of a route. */
export interface LocationRules {
  readonly backend: Pick<BackendUrl, 'secure' | 'authority' | 'pathPrefix'>;
  /** Host that the backend is told in place of its own authority, or null. */
  readonly host: string | null;
}

/** How a client has reached us. */
export interface PublicPlace {
  /** Host and port as the client named them; null where it named none. */
  readonly authority: string | null;
  readonly encrypted: boolean;
  /** What has been taken off the start of the client's path on the way to the backend; empty for nothing. */
  readonly prefix: string;
}

/** Scheme, authority and what follows; the scheme is missing in a network-path reference (RFC 3986 §4.2). */
const absolute = /^(?:([A-Za-z][A-Za-z\d+.-]*):)?\/\/([^/?#]*)(.*)$/s;

/** An authority in which nothing could be taken for another one: no userinfo, no backslash, no blank. */
const plainAuthority = /^(?:\[[\dA-Fa-f:.]+\]|[\w.-]+)(?::\d*)?$/;

/** Seconds, and the URL, with or without its name and quotes, as browsers read it. */
const refreshText = /^(\s*\d+(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?['"]?)([^'"\s]+)(['"]?\s*)$/is;

export class LocationRewrite {
  readonly #scheme: 'http' | 'https';
  readonly #authorities: ReadonlySet<string>;
  readonly #prefix: string;

  constructor({ backend, host }: LocationRules) {
    const { secure, authority, pathPrefix } = backend;
    this.#scheme = secure ? 'https' : 'http';
    this.#authorities = new Set(
      [authority, host ?? authority].map((one) => this.#canonical(one) ?? one),
    );
    this.#prefix = pathPrefix;
  }

  /**
   * The URL as the client can use it. What is relative, or leads elsewhere than to the backend and below its
   * path prefix, stays as it is. The result always names the host: `//x` as a path alone would be one.
   */
  apply(url: string, place: PublicPlace): string {
    const [match, scheme, authority = '', path = ''] = absolute.exec(url) ?? [];
    if (match === undefined || place.authority === null) return url;
    if (scheme !== undefined && toLowerAscii(scheme) !== this.#scheme) return url;
    const canonical = this.#canonical(authority);
    if (canonical === null || !this.#authorities.has(canonical)) return url;
    if (!isUnder(path, this.#prefix)) return url;
    const origin = `${place.encrypted ? 'https' : 'http'}://${place.authority}`;
    const rest = path.slice(this.#prefix.length);
    const slash = place.prefix === '' && !rest.startsWith('/') ? '/' : '';
    return origin + place.prefix + slash + rest;
  }

  /** Refresh, with its URL as the client can use it. */
  refresh(value: string, place: PublicPlace): string {
    const [match, before = '', url = '', after = ''] = refreshText.exec(value) ?? [];
    return match === undefined ? value : before + this.apply(url, place) + after;
  }

  /**
   * The way back: what a client names, in `Destination` for one (RFC 4918 §10.3), as the backend knows it. What
   * leads elsewhere than to the route stays as it is.
   *
   * @param host that the backend is told
   * @param outer what was taken off the path before it came to us
   * @throws ProtocolError (`RIT_ERR_TARGET`, 400) where dot segments climb out of the route
   */
  inward(
    url: string,
    place: PublicPlace,
    host: string,
    outer: string,
    target: TargetRewrite,
  ): string {
    const [match, scheme, authority = '', path = url] = absolute.exec(url) ?? [];
    const isPublic = match === undefined ? url.startsWith('/') : isPlace(place, scheme, authority);
    if (!isPublic || !isUnder(path, outer)) return url;
    const asked = path.slice(outer.length) || '/';
    if (!target.serves(asked)) return url;
    const mapped = target.apply(asked);
    return match === undefined ? mapped : `${this.#scheme}://${host}${mapped}`;
  }

  /**
   * In one spelling: lower case, without the default port. Null where it is none that could be a backend's.
   */
  #canonical(authority: string): string | null {
    if (!plainAuthority.test(authority)) return null;
    const url = `${this.#scheme}://${authority}`;
    return URL.canParse(url) ? new URL(url).host : null;
  }
}

/** Whether a URL names the public host. */
function isPlace(place: PublicPlace, scheme: string | undefined, authority: string): boolean {
  const own = place.encrypted ? 'https' : 'http';
  if (place.authority === null) return false;
  if (scheme !== undefined && toLowerAscii(scheme) !== own) return false;
  return sameAuthority(authority, place.authority, own);
}

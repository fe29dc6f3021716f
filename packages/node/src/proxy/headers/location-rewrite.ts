/**
 * Makes the public URL of one that a backend gives of its own: `http://127.0.0.1:8080/base/x` is
 * `https://example.org/api/x` to a client that came by there. Pure.
 */
import { toLowerAscii } from '@reverseit/core/http';
import type { BackendUrl } from '@reverseit/core/options';

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

  /** In one spelling: lower case, without the default port. Null where it is none that could be a backend's. */
  #canonical(authority: string): string | null {
    if (!plainAuthority.test(authority)) return null;
    const url = `${this.#scheme}://${authority}`;
    return URL.canParse(url) ? new URL(url).host : null;
  }
}

/** Whether a path, perhaps with query and fragment, is the prefix or lies below it. */
function isUnder(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  const next = path[prefix.length];
  return next === undefined || next === '/' || next === '?' || next === '#';
}

/**
 * Makes public what a backend says in Set-Cookie. It is taken apart as browsers do (RFC 6265bis §5.6), so that
 * nothing is changed that they would not take for an attribute; every other byte stays as it is. Pure.
 */
import { toLowerAscii, trimOws } from '@reverseit/core/http';
import type { CookieRewriteValues } from '../../options/messages/cookie-options.ts';
import { isUnder } from '../../routes/path-prefix.ts';

/** How a client has reached us. */
export interface CookiePlace {
  readonly encrypted: boolean;
  /** What has been taken off the start of the client's path; empty for nothing. */
  readonly prefix: string;
}

/**
 * What the prefix of a name promises (RFC 6265bis §4.1.3): browsers drop a cookie that breaks it. `host`: no Domain,
 * and `/` as Path; with either prefix: Secure.
 */
type Promised = 'host' | 'secure' | 'nothing';

export class CookieRewrite {
  readonly #rules: CookieRewriteValues;
  /** Path prefix of the backend; empty for none. */
  readonly #base: string;

  constructor(rules: CookieRewriteValues, pathPrefix: string) {
    this.#rules = rules;
    this.#base = pathPrefix;
  }

  apply(cookie: string, place: CookiePlace): string {
    const { secure, sameSite } = this.#rules;
    const pairEnd = endOfPart(cookie, 0);
    const promise = promiseOf(cookie.substring(0, pairEnd));
    let result = cookie.substring(0, pairEnd);
    let isSecure = false;
    let hasSameSite = false;
    for (let start = pairEnd, end = start; start < cookie.length; start = end) {
      end = endOfPart(cookie, start + 1);
      // With its semicolon.
      const part = cookie.substring(start, end);
      const name = nameOf(part);
      isSecure ||= name === 'secure';
      hasSameSite ||= name === 'samesite';
      result += this.#attribute(part, name, place, promise);
    }
    if (secure === true && place.encrypted && !isSecure) result += '; Secure';
    if (sameSite !== null && !hasSameSite) result += `; SameSite=${sameSiteText[sameSite]}`;
    return result;
  }

  /** An attribute as it goes on; empty where it does not. */
  #attribute(part: string, name: string, place: CookiePlace, promise: Promised): string {
    const { secure, sameSite } = this.#rules;
    const equals = part.indexOf('=');
    switch (name) {
      case 'domain':
        return promise === 'host' ? part : this.#domain(part, equals);
      case 'path':
        return promise === 'host' ? part : this.#path(part, equals, place);
      case 'secure':
        return secure === false && promise === 'nothing' ? '' : part;
      case 'samesite':
        return sameSite === null ? part : replaced(part, equals, sameSiteText[sameSite]);
      default:
        return part;
    }
  }

  #domain(part: string, equals: number): string {
    const { domain } = this.#rules;
    if (domain === null || equals === -1) return part;
    return domain === false ? '' : replaced(part, equals, domain);
  }

  #path(part: string, equals: number, { prefix }: CookiePlace): string {
    const { path } = this.#rules;
    if (path === null || equals === -1) return part;
    if (path !== true) return replaced(part, equals, path);
    const given = trimOws(part.substring(equals + 1));
    // Anything else is no path to a browser, which takes that of the request.
    if (!given.startsWith('/')) return part;
    const mapped = this.#publicPath(given, prefix);
    return mapped === null ? part : replaced(part, equals, mapped);
  }

  /** The public path of one of the backend; null where it does not lead there. */
  #publicPath(path: string, prefix: string): string | null {
    const base = this.#base;
    if (isUnder(path, base)) {
      const rest = path.substring(base.length);
      return rest === '/' && prefix !== '' ? prefix : prefix + rest || '/';
    }
    // A cookie for more than our part of the backend is one for all of that.
    const above = path.endsWith('/') ? path.slice(0, -1) : path;
    return isUnder(base, above) ? prefix || '/' : null;
  }
}

const sameSiteText = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

function endOfPart(cookie: string, from: number): number {
  const semicolon = cookie.indexOf(';', from);
  return semicolon === -1 ? cookie.length : semicolon;
}

/** The attribute with another value, blanks kept. */
function replaced(part: string, equals: number, value: string): string {
  if (equals === -1) return `${part.trimEnd()}=${value}`;
  const given = part.substring(equals + 1);
  const old = trimOws(given);
  if (old === '') return part.substring(0, equals + 1) + value;
  const at = given.indexOf(old);
  return (
    part.substring(0, equals + 1) +
    given.substring(0, at) +
    value +
    given.substring(at + old.length)
  );
}

function promiseOf(pair: string): Promised {
  const name = toLowerAscii(trimOws(pair.substring(0, Math.max(0, pair.indexOf('=')))));
  if (name.startsWith('__host-')) return 'host';
  return name.startsWith('__secure-') || name.startsWith('__http-') ? 'secure' : 'nothing';
}

/** The name of an attribute, in lower case. */
function nameOf(part: string): string {
  const equals = part.indexOf('=');
  return toLowerAscii(trimOws(part.substring(1, equals === -1 ? part.length : equals)));
}

/**
 * Who may ask the admin listener for what. A browser that somebody lures elsewhere must be of no use to them:
 *
 * - a name of theirs that leads here (DNS rebinding): the name in `Host` has to be one of ours, an address, or localhost;
 * - a form or script of another site (CSRF): a POST that a browser sends has to come from our own page;
 * - a script or image of another site that has it ask for figures, which cost time, and for events, of which there are a
 *   few streams: only a link may lead here from elsewhere;
 * - the token is no cookie, so that no browser adds it by itself.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** What is decided by. */
export interface AccessRules {
  /** Null where none is asked for. */
  readonly token: string | null;
  /** Names in lower case that are ours; `*` for any. */
  readonly hosts: readonly string[];
}

/** What a decision needs of a request. */
export interface AccessRequest {
  readonly method: string;
  /** Host and port as the client names them; null where it does not. */
  readonly authority: string | null;
  /** The value of a field, of several lines as one list, which no check takes; null where there is none. */
  field(name: string): string | null;
}

/** Whether the name by which we are asked is ours. */
export function isOwnHost({ hosts }: AccessRules, authority: string | null): boolean {
  if (hosts.includes('*')) return true;
  // A probe of HTTP/1.0 without Host, such as HAProxy's. No browser sends one, and HTTP/1.1 requires it.
  if (authority === null) return true;
  const host = hostOf(authority);
  if (host === 'localhost' || host.endsWith('.localhost') || hosts.includes(host)) return true;
  return isIP(host) !== 0;
}

/** Without port and brackets, in lower case. */
function hostOf(authority: string): string {
  const [, ipv6, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(authority) ?? [];
  return (ipv6 ?? name ?? '').toLowerCase();
}

/** Whether the request may be one that another site has a browser send. What is no browser says neither. */
export function isForeign(request: AccessRequest): boolean {
  const site = request.field('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') return true;
  const origin = request.field('origin');
  if (origin === null) return false;
  const { authority } = request;
  return (
    authority === null ||
    !/^https?:\/\//.test(origin) ||
    origin.replace(/^https?:\/\//, '') !== authority
  );
}

/** Whether a page of another site has a browser ask for it, by other means than a link to it. */
export function isEmbedded(request: AccessRequest): boolean {
  const site = request.field('sec-fetch-site');
  if (site === null || site === 'same-origin' || site === 'none') return false;
  // A link makes a document of its own, which the other page cannot see into.
  const isLink =
    request.field('sec-fetch-mode') === 'navigate' &&
    request.field('sec-fetch-dest') === 'document';
  return !isLink;
}

/** Whether the request has the token, compared in a time that tells nothing of it. */
export function hasToken({ token }: AccessRules, request: AccessRequest): boolean {
  if (token === null) return true;
  const given = /^bearer +(\S+)$/i.exec(request.field('authorization') ?? '')?.[1] ?? '';
  // Of one length, whatever is given.
  return timingSafeEqual(digest(given), digest(token));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

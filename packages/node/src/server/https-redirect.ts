/** Sends the clients of a plain listener to https (RFC 9110 §15.4). */
import type { RequestListener } from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import { parseAuthority } from '@reverseit/core/http';
import type { RedirectRules } from '../options/listeners/redirect-options.ts';
import type { ProxyEngine } from '../proxy/proxy-engine.ts';
import { pathEnd, withoutDotSegments } from '../routes/dot-segments.ts';
import { isUnder } from '../routes/path-prefix.ts';

export class HttpsRedirect {
  readonly #rules: RedirectRules;
  readonly #engine: ProxyEngine;
  readonly #findPort: () => number;
  /** 0 until it is first needed: where a free port is listened on, it is known late. */
  #port: number;

  /** `findPort` is asked once, where the rules name no port. */
  constructor(rules: RedirectRules, engine: ProxyEngine, findPort: () => number) {
    this.#rules = rules;
    this.#engine = engine;
    this.#findPort = findPort;
    this.#port = rules.port ?? 0;
  }

  readonly onRequest: RequestListener = (exchange) => {
    this.#engine.identify(exchange);
    const { head, effectiveClient } = exchange;
    const { target } = head;
    const { authority } = effectiveClient ?? head;
    // Whoever ends TLS in front of us would be asked the same again, for ever.
    if (effectiveClient?.encrypted === true || this.#isExcepted(target))
      this.#engine.handle(exchange);
    else if (authority === null) {
      const text = 'a request without Host cannot be redirected to https';
      this.#engine.refuse(exchange, createError('RIT_ERR_HOST', text));
    } else {
      if (this.#port === 0) this.#port = this.#findPort();
      const location = httpsUrl(authority, target, this.#port);
      this.#engine.answer(exchange, this.#rules.status, ['location', location]);
    }
  };

  /** With a dot segment, in any reading, a path could lead elsewhere than it seems to. */
  #isExcepted(target: string): boolean {
    const { except } = this.#rules;
    if (except.length === 0) return false;
    const path = target.slice(0, pathEnd(target));
    return except.some((prefix) => isUnder(path, prefix)) && withoutDotSegments(path, 1).size === 0;
  }
}

/**
 * The https form of what was asked for. It always names the host, which the parser has validated, so that no
 * target can lead to another one.
 */
export function httpsUrl(authority: string, target: string, port: number): string {
  const host = parseAuthority(authority)?.host ?? '';
  const suffix = port === 443 ? '' : `:${port}`;
  // RFC 9110 §9.3.7: `*` is the server itself, whose URL has no path.
  const path = target === '*' ? '' : target.replace(unsafe, encoded);
  return `https://${host}${suffix}${path}`;
}

/** What a URI has no room for (RFC 3986 §2), and some parsers read as something else. */
const unsafe = /[^!-~]|["<>\\^`{|}]/g;

/** A character of a target is one byte. */
const encoded = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

import { createError } from '@reverseit/core/errors';
import { climbs, mayHoldDotSegment, pathEnd } from '../../routes/dot-segments.ts';
import { isUnder } from '../../routes/path-prefix.ts';

/** What decides about the target of a route's requests. */
export interface TargetRules {
  /** Path prefix of the route; null where hooks choose it, whatever the path. */
  readonly path: string | null;
  /** Removed from the start of the path, or null. */
  readonly stripPath: string | null;
  /** That of the backend, which goes first; empty where there is none. */
  readonly pathPrefix: string;
}

/**
 * Turns the target of a request into the target for the backend. `stripPath` is taken off and the path
 * prefix of the backend put on, both on segment boundaries; everything else, the query with it, stays
 * byte for byte what the client sent. A target whose dot segments lead out of the prefix that confines
 * it, in any way in which a backend may read them, is rejected; others pass as they are.
 */
export class TargetRewrite {
  readonly #path: string;
  readonly #strip: string;
  readonly #prefix: string;

  constructor({ path, stripPath, pathPrefix }: TargetRules) {
    this.#path = withoutRoot(path ?? '/');
    this.#strip = withoutRoot(stripPath ?? '/');
    this.#prefix = pathPrefix;
  }

  /** Whether a target is one of the route. */
  serves(target: string): boolean {
    return isUnder(target, this.#path);
  }

  /** What is taken off the start of a target: `stripPath`, or nothing. */
  strippedFrom(target: string): string {
    return this.#strip !== '' && isUnder(target, this.#strip) ? this.#strip : '';
  }

  /**
   * @param target in origin form: a path that starts with `/`, perhaps a query.
   * @throws ProtocolError (`RIT_ERR_TARGET`, 400) when dot segments climb out of a prefix.
   */
  apply(target: string): string {
    const stripped = isUnder(target, this.#strip) ? this.#strip.length : 0;
    if (mayHoldDotSegment(target)) {
      // The longer of the two is what the client must stay in: below it begins what goes on.
      const confined = isUnder(target, this.#path) ? this.#path.length : 0;
      if (climbs(target, Math.max(stripped, confined), pathEnd(target))) {
        throw createError('RIT_ERR_TARGET', 'dot segments in the request target leave its route');
      }
    }
    if (stripped === 0 && this.#prefix === '') return target;
    const rest = target.slice(stripped);
    if (rest.startsWith('/') || this.#prefix !== '') return this.#prefix + rest;
    return `/${rest}`;
  }
}

/** A prefix to put before paths, which begin with a slash of their own. */
const withoutRoot = (path: string): string => (path === '/' ? '' : path);

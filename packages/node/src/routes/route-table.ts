/**
 * Which route serves a request. First the host: the exact one, then the longest wildcard, then any;
 * among the routes of a host the longest path prefix on a segment boundary. A host whose routes do not
 * serve the path leaves it to the next wider one.
 *
 * Paths are compared byte for byte: no percent-decoding, no case folding, `//` is an empty segment.
 * What a backend makes of a path may differ, so a route is no access control for what lies beside it;
 * but a dot segment never leads from one route to another, see `match`.
 */
import { createError } from '@reverseit/core/errors';
import { mayHoldDotSegment, pathEnd, withoutDotSegments } from './dot-segments.ts';
import { PathTree } from './path-tree.ts';

/** Where a route applies. */
export interface RoutePlace {
  /** Lower case, no port; `*.name` for the names below it, null for any. */
  readonly host: string | null;
  /** Path prefix, without a slash at its end but for `/`. */
  readonly path: string;
}

/** Longer names cannot exist (RFC 1035 §2.3.4), and are not searched for wildcards. */
const maxNameLength = 255;

export class RouteTable<R extends RoutePlace> {
  readonly #exact = new Map<string, PathTree<R>>();
  readonly #wildcard = new Map<string, PathTree<R>>();
  readonly #any = new PathTree<R>();
  readonly #single: boolean;
  /** Most segments in a path prefix: what lies deeper chooses no route. */
  readonly #deepest: number;

  /** @throws RangeError when two routes have the same place, which the options reject. */
  constructor(routes: readonly R[]) {
    for (const route of routes) this.#treeOf(route.host).add(route.path, route);
    this.#single = routes.length < 2;
    this.#deepest = Math.max(0, ...routes.map(({ path }) => path.split('/').length - 1));
  }

  /**
   * The route of a request, or null.
   *
   * @param host the authority as received, with or without port; null where there is none.
   * @param path the raw path; a query may follow.
   * @throws ProtocolError (`RIT_ERR_TARGET`) when dot segments lead from the route to another one in
   *   some reading of the path.
   */
  match(host: string | null, path: string): R | null {
    const name = host === null || !this.#hasHosts ? null : hostName(host);
    const route = this.#find(name, path);
    if (route === null || this.#single || !mayHoldDotSegment(path)) return route;
    const plainPath = path.slice(0, pathEnd(path));
    for (const other of withoutDotSegments(plainPath, this.#deepest)) {
      if (this.#find(name, other) !== route) {
        throw createError(
          'RIT_ERR_TARGET',
          'dot segments in the request target reach another route',
        );
      }
    }
    return route;
  }

  get #hasHosts(): boolean {
    return this.#exact.size + this.#wildcard.size > 0;
  }

  #find(name: string | null, path: string): R | null {
    if (name !== null) {
      const route = this.#exact.get(name)?.find(path) ?? this.#findWildcard(name, path);
      if (route !== null) return route;
    }
    return this.#any.find(path);
  }

  #findWildcard(name: string, path: string): R | null {
    if (this.#wildcard.size === 0 || name.length > maxNameLength) return null;
    // A label stands before the dot.
    for (let dot = name.indexOf('.', 1); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const route = this.#wildcard.get(name.slice(dot + 1))?.find(path);
      if (route) return route;
    }
    return null;
  }

  #treeOf(host: string | null): PathTree<R> {
    if (host === null) return this.#any;
    const wildcard = host.startsWith('*.');
    const trees = wildcard ? this.#wildcard : this.#exact;
    const name = wildcard ? host.slice(2) : host;
    let tree = trees.get(name);
    if (tree === undefined) {
      tree = new PathTree();
      trees.set(name, tree);
    }
    return tree;
  }
}

/** An authority without its port and the dot of its root, in lower case. */
const hostName = (authority: string): string => {
  const end = authority.startsWith('[') ? authority.indexOf(']') + 1 : authority.indexOf(':');
  const name = end > 0 ? authority.slice(0, end) : authority;
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
};

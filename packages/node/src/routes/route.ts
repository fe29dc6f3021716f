import type { ResolvedRouteOptions } from '../options/route-options.ts';
import { TargetRewrite } from '../proxy/target-rewrite.ts';
import type { RoutePlace } from './route-table.ts';

/** One route: where it applies, its options, and what becomes of its targets. */
export interface Route extends RoutePlace {
  /** For logs: the option `name`, else host and path as configured, such as `example.org/api`. */
  readonly name: string;
  readonly options: ResolvedRouteOptions;
  readonly target: TargetRewrite;
}

export function createRoute(options: ResolvedRouteOptions): Route {
  const { host, path, name } = options;
  // A route that answers by itself forwards nothing.
  const backend = options.backend ?? 'http://none.invalid';
  return Object.freeze({
    host,
    path,
    name: name ?? `${host ?? ''}${path}`,
    options,
    target: new TargetRewrite({ path, stripPath: options.stripPath, backend }),
  });
}

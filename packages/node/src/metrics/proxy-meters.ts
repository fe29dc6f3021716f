/**
 * All that a proxy counts. Meters are looked up when routes and pools are made, and outlive them: a reload sets
 * nothing back.
 */
import type { ErrorCode } from '@reverseit/core/errors';
import { catalog } from '@reverseit/core/errors';
import { OriginMeters } from '@reverseit/upstream/internal';
import { RouteMeter } from './route-meter.ts';

/** Routes that are told apart, former ones included; further ones are counted together. */
const maxRoutes = 1000;

/** The name of the further ones. */
export const otherRoutes = '(other)';

/** The name under which requests count that no route serves. */
export const noRoute = '(none)';

export class ProxyMeters {
  /** In ms since 1970. */
  readonly startedAt = Date.now();
  readonly origins = new OriginMeters();
  readonly errors = new ErrorMeter();
  /** Requests that no route serves. */
  readonly unrouted = new RouteMeter(noRoute);
  readonly #routes = new Map<string, RouteMeter>([[noRoute, this.unrouted]]);

  route(name: string): RouteMeter {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    if (this.#routes.size >= maxRoutes && name !== otherRoutes) return this.route(otherRoutes);
    const meter = new RouteMeter(name);
    this.#routes.set(name, meter);
    return meter;
  }

  get routes(): readonly RouteMeter[] {
    return [...this.#routes.values()];
  }
}

/** Counts errors by their code. */
export class ErrorMeter {
  readonly #counts = new Map<string, number>();

  count(code: ErrorCode): void {
    // Of the catalog: others there are none, whatever an application makes up.
    if (!Object.hasOwn(catalog, code)) return;
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }

  read(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

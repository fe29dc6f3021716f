import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RoutePlace, RouteTable } from './route-table.ts';

const segment = fc.constantFrom('a', 'b', 'ab', 'abc', 'b;x', 'c.d', '%61');
const prefix = fc.array(segment, { maxLength: 3 }).map((all) => `/${all.join('/')}`);
const host = fc.constantFrom(null, 'a.org', 'b.a.org', '*.a.org');
const places = fc.uniqueArray(fc.record({ host, path: prefix }), {
  selector: ({ host, path }) => `${host}${path}`,
  maxLength: 12,
});
const requestHost = fc.constantFrom(null, 'a.org', 'A.ORG:80', 'b.a.org', 'x.b.a.org', 'org');
const piece = fc.oneof(
  segment,
  fc.constantFrom('', '.', '..', '%2e', '.%2E', '..;', 'a%2f..', 'x\\..'),
);
const path = fc.array(piece, { maxLength: 6 }).map((all) => `/${all.join('/')}`);

const serves = (place: RoutePlace, name: string | null): number => {
  if (place.host === null) return 0;
  if (name === null) return -1;
  if (place.host === name) return 1000;
  if (place.host.startsWith('*.') && name.endsWith(place.host.slice(1))) return place.host.length;
  return -1;
};

/** The same by looking at every route. */
const slowly = (
  all: readonly RoutePlace[],
  host: string | null,
  path: string,
): RoutePlace | null => {
  const name = host === null ? null : host.toLowerCase().replace(/:.*/, '');
  const applying = all
    .filter((place) => serves(place, name) >= 0)
    .filter(({ path: p }) => p === '/' || path === p || path.startsWith(`${p}/`))
    .sort((a, b) => serves(b, name) - serves(a, name) || b.path.length - a.path.length);
  return applying[0] ?? null;
};

const matched = (
  all: readonly RoutePlace[],
  host: string | null,
  path: string,
): RoutePlace | null | 'refused' => {
  try {
    return new RouteTable(all).match(host, path);
  } catch (error) {
    expect(error).toMatchObject({ code: 'RIT_ERR_TARGET' });
    return 'refused';
  }
};

describe('RouteTable, any routes and paths', () => {
  it('finds what a search of all routes finds', () => {
    fc.assert(
      fc.property(places, requestHost, path, (all, host, path) => {
        const route = matched(all, host, path);
        if (route !== 'refused') expect(route).toBe(slowly(all, host, path));
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
    );
  });

  it('is of one mind with a backend that removes dot segments as WHATWG URL does', () => {
    fc.assert(
      fc.property(places, requestHost, path, (all, host, path) => {
        const route = matched(all, host, path);
        if (route === 'refused' || route === null || all.length < 2) return;
        const normal = new URL(`http://h${path}`).pathname;
        // Without a dot segment nothing is normalised but the backslash.
        if (!/(?:^|[/\\])(?:\.|%2e){1,2}(?:$|[/\\])/i.test(path)) return;
        expect(slowly(all, host, normal)).toBe(route);
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
    );
  });
});

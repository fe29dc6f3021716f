import { describe, expect, it } from 'vitest';
import { type RoutePlace, RouteTable } from './route-table.ts';

/** `host/path` → route; `*` alone is any host. */
const place = (text: string): RoutePlace => {
  const slash = text.indexOf('/');
  const host = text.slice(0, slash);
  return { host: host === '' ? null : host, path: text.slice(slash) };
};

const table = (...places: string[]): RouteTable<RoutePlace> => new RouteTable(places.map(place));

const found = (
  routes: RouteTable<RoutePlace>,
  host: string | null,
  path: string,
): string | null => {
  const route = routes.match(host, path);
  return route === null ? null : `${route.host ?? ''}${route.path}`;
};

describe('RouteTable', () => {
  it.each<[places: string[], host: string | null, path: string, expected: string | null]>([
    [['/'], null, '/x', '/'],
    [['/'], 'a.org', '/x', '/'],
    [['/a', '/a/b'], 'a.org', '/a/b/c', '/a/b'],
    [['/a'], 'a.org', '/b', null],
    [['/'], 'a.org', '*', null],
    [['a.org/'], 'a.org', '/', 'a.org/'],
    [['a.org/'], 'b.org', '/', null],
    [['a.org/'], null, '/', null],
    [['a.org/'], 'A.Org', '/', 'a.org/'],
    [['a.org/'], 'a.org:8080', '/', 'a.org/'],
    [['a.org/'], 'a.org.', '/', 'a.org/'],
    [['a.org/'], 'a.org.:80', '/', 'a.org/'],
    [['a.org/'], 'xa.org', '/', null],
    [['a.org/'], 'a.orgx', '/', null],
    [['[::1]/'], '[::1]', '/', '[::1]/'],
    [['[::1]/'], '[::1]:80', '/', '[::1]/'],
    // The host goes before the path.
    [['a.org/', '/x'], 'a.org', '/x', 'a.org/'],
    [['a.org/x', '/'], 'a.org', '/x/y', 'a.org/x'],
    [['a.org/x', '/'], 'a.org', '/y', '/'],
    // Wildcards.
    [['*.a.org/'], 'b.a.org', '/', '*.a.org/'],
    [['*.a.org/'], 'c.b.a.org:1', '/', '*.a.org/'],
    [['*.a.org/'], 'a.org', '/', null],
    [['*.a.org/'], '.a.org', '/', null],
    [['*.a.org/', '*.b.a.org/'], 'c.b.a.org', '/', '*.b.a.org/'],
    [['*.a.org/', 'b.a.org/x'], 'b.a.org', '/x', 'b.a.org/x'],
    [['*.a.org/', 'b.a.org/x'], 'b.a.org', '/y', '*.a.org/'],
    // Names are no keys of an object.
    [['/'], '__proto__', '/', '/'],
    [['a.org/'], 'constructor', '/__proto__', null],
    [['/__proto__'], null, '/__proto__/x', '/__proto__'],
  ])('%j, host %s, path %s: %s', (places, host, path, expected) => {
    expect(found(table(...places), host, path)).toBe(expected);
  });

  it.each([
    ['/x/../admin', ['/', '/admin']],
    ['/./admin', ['/', '/admin']],
    ['/x/%2e%2E/admin/y', ['/', '/admin']],
    ['/x%2f../admin', ['/', '/admin']],
    ['/x\\..\\admin', ['/', '/admin']],
    ['/x/..;/admin', ['/', '/admin']],
    ['/x//../../admin', ['/', '/admin']],
    ['/admin/../x', ['/', '/admin']],
    ['/a/b/../c', ['/a/b', '/a/c']],
    ['/x/../admin?q=1', ['/', '/admin']],
  ])('%s cannot lead from one route to another of %j', (path, places) => {
    expect(() => table(...places).match(null, path)).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_TARGET', status: 400 }),
    );
  });

  it.each([
    ['/x/../y', '/'],
    ['/x/./y', '/'],
    ['/admin/./y', '/admin'],
    ['/admin/x/../y', '/admin'],
    ['/.hidden', '/'],
    ['/a%20b', '/'],
    ['/x?/../admin', '/'],
  ])('%s stays where it is', (path, expected) => {
    expect(found(table('/', '/admin'), null, path)).toBe(expected);
  });

  it('does not search endless names for wildcards', () => {
    expect(found(table('*.a.org/'), `${'x.'.repeat(4000)}a.org`, '/')).toBeNull();
  });

  it('costs no more with a thousand routes than with one', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `/service-${i}/v${i % 7}`);
    const routes = table('/', ...many);
    for (const path of many) expect(found(routes, null, `${path}/x`)).toBe(path);
    expect(found(routes, null, '/service-10')).toBe('/');
  });
});

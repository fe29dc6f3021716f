import { isReverseItError } from '@reverseit/core/errors';
import { defaultValues } from '@reverseit/core/options';
import { dispatchLimits, poolOptions } from '@reverseit/upstream';
import { describe, expect, it } from 'vitest';
import { proxyOptions } from './proxy-options.ts';
import { resolveProxyOptions } from './resolve-proxy-options.ts';

const faultsOf = (input: unknown): readonly string[] => {
  try {
    resolveProxyOptions(input);
  } catch (error) {
    if (!isReverseItError(error) || error.code !== 'RIT_ERR_CONFIG') throw error;
    return error.message.split('\n').map((line) => line.trim());
  }
  return [];
};

const backend = 'http://h:1';

describe('resolveProxyOptions', () => {
  it('has the defaults of the pool for the limits of a request', () => {
    const [route] = resolveProxyOptions({ backend }).routes;
    expect(route).toMatchObject(defaultValues(dispatchLimits));
  });

  it('makes one route of options without routes', () => {
    const { routes } = resolveProxyOptions({ backend: 'http://H:80/base/', path: '/a/' });
    expect(routes).toHaveLength(1);
    expect(routes[0]).toMatchObject({
      backend: { href: 'http://h/base' },
      path: '/a',
      host: null,
    });
  });

  it('takes what stands beside routes for defaults of all of them', () => {
    const { routes } = resolveProxyOptions({
      backend,
      poolTimeout: 1,
      errorResponse: { status: 503 },
      pool: { poolSize: 7 },
      routes: [
        { path: '/a', poolTimeout: 2, errorResponse: { body: 'x' } },
        { path: '/b', backend: 'http://other', pool: { poolCount: 2 } },
        {},
      ],
    });
    expect(
      routes.map(({ path, backend: to, poolTimeout }) => [path, to?.href, poolTimeout]),
    ).toEqual([
      ['/a', backend, 2],
      ['/b', 'http://other', 1],
      ['/', backend, 1],
    ]);
    expect(routes[0]?.errorResponse).toEqual({ status: 503, headers: [], body: 'x' });
    expect(routes[1]?.pool).toMatchObject({ poolSize: 7, poolCount: 2 });
  });

  it('gives routes the same pool that inherit it or are given the same object', () => {
    const pool = { poolSize: 3 };
    const { routes } = resolveProxyOptions({
      backend,
      routes: [
        { path: '/1' },
        { path: '/2', pool },
        { path: '/3', pool },
        { path: '/4' },
        { path: '/5', pool: { poolSize: 3 } },
      ],
    });
    const [one, two, three, four, five] = routes.map((route) => route.pool);
    expect(two).toBe(three);
    expect(four).toBe(one);
    expect(new Set([one, two, five]).size).toBe(3);
  });

  it('is frozen', () => {
    const options = resolveProxyOptions({ backend, addHeaders: { a: '1' } });
    const route = options.routes[0];
    for (const one of [
      options,
      options.server,
      options.routes,
      route,
      route?.pool,
      route?.addHeaders,
    ]) {
      expect(Object.isFrozen(one)).toBe(true);
    }
  });

  it('spells an unlimited close as such', () => {
    for (const closeTimeout of [0, Number.POSITIVE_INFINITY]) {
      expect(resolveProxyOptions({ backend, closeTimeout }).closeTimeout).toBe(
        Number.POSITIVE_INFINITY,
      );
    }
  });

  it.each([
    ['shutdownDelay', 'shutdownDelay'],
    ['websocketCloseDelay', 'websocketCloseDelay'],
    ['slowStart', 'slowStart'],
    ['retry.backOff', 'backOff'],
  ])('a delay without an end is refused: %s', (name, key) => {
    for (const endless of [Number.POSITIVE_INFINITY, 'infinity']) {
      const given = { [key]: endless };
      const options = name === key ? given : { retry: given };
      expect(() => resolveProxyOptions({ backend, ...options } as never)).toThrow(
        /: .+ is not accepted; expected a whole number of milliseconds from 0 to 2147483647$/,
      );
    }
  });

  it.each<[input: unknown, faults: string[]]>([
    [{}, ['invalid option backend: required; expected the URL of a backend']],
    [
      { routes: [{ backend }, { path: '/a' }] },
      ['invalid option routes[1].backend: required; expected the URL of a backend'],
    ],
    [
      { backend: 'h', routes: [{}] },
      [
        expect.stringMatching(
          /^invalid option backend: "h" is not accepted; expected a URL with http:/,
        ),
      ],
    ],
    [
      { backend, routes: [{ path: '/a' }, { path: '/a/' }] },
      ['invalid option routes[1]: has the same host and path as routes[0]'],
    ],
    [
      { backend, routes: [{ host: 'A.org' }, { host: 'a.org.' }] },
      ['invalid option routes[1]: has the same host and path as routes[0]'],
    ],
    [
      { backend, routes: [{ name: 'n' }, { path: '/a', name: 'n' }, { path: '/b', name: 'n' }] },
      [
        '2 invalid options:',
        'routes[1].name: "n" is also the name of routes[0]; route names must be unique',
        'routes[2].name: "n" is also the name of routes[0]; route names must be unique',
      ],
    ],
    [
      { backend, routes: [{ path: '/a' }, { path: '/b', name: '/a' }] },
      [
        'invalid option routes[1].name: "/a" is also the name of routes[0]; route names must be unique',
      ],
    ],
    [
      { backend, routes: [{}, { path: null }] },
      [
        'invalid option routes[1].name: required if path is null, so that a hook can select the route',
      ],
    ],
    [
      { backend, routes: [{ path: null, name: 'n' }] },
      [
        expect.stringMatching(
          /^invalid option path: null is not accepted; expected a path such as/,
        ),
      ],
    ],
    [
      { backend, path: '/a', stripPath: '/b' },
      ['invalid option stripPath: /b never matches a route with path /a'],
    ],
    [
      { backend, poolSize: 3 },
      ['invalid option poolSize: unknown option, given 3; set it inside pool: {poolSize}'],
    ],
    [
      { backend, pool_size: 3 },
      ['invalid option pool_size: unknown option, given 3; did you mean pool: {poolSize}?'],
    ],
    [
      { backend, pool: { poolTimeout: 3 } },
      ['invalid option pool.poolTimeout: unknown option, given 3; set it beside pool'],
    ],
    [
      { backend, pool_timeout: 3 },
      ['invalid option pool_timeout: unknown option, given 3; did you mean poolTimeout?'],
    ],
    [
      { backend, routes: [{ maxRequestHeaders: 5 }] },
      [
        'invalid option routes[0].maxRequestHeaders: unknown option, given 5; it applies to the whole server; set it beside routes',
      ],
    ],
    [
      { backend, routes: [{ poolTimeot: 5 }] },
      ['invalid option routes[0].poolTimeot: unknown option, given 5; did you mean poolTimeout?'],
    ],
    [
      { backend, pool: { tls: { minVersion: 'TLSv1.4' } } },
      [
        'invalid option pool.tls.minVersion: "TLSv1.4" is not accepted; expected "TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3"',
      ],
    ],
    [
      { backend, pool: { tls: { rejectUnauthorized: false } } },
      [
        'invalid option pool.tls.rejectUnauthorized: unknown option, given false; use the option verifyTls of the pool',
      ],
    ],
    [
      { backend, pool: { tls: { key: 'k' } } },
      ['invalid option pool.tls: key and cert are needed together'],
    ],
    [
      { backend, routes: [] },
      [expect.stringMatching(/^invalid option routes: \[\] is not accepted/)],
    ],
    [{ backend, routes: {} }, [expect.stringMatching(/^invalid option routes: an object is not/)]],
    [
      { backend, routes: ['x'] },
      ['invalid option routes[0]: "x" is not accepted; expected an object of options'],
    ],
    ['x', [expect.stringMatching(/^2 invalid options:$/), expect.anything(), expect.anything()]],
  ])('%j is refused', (input, faults) => expect(faultsOf(input)).toEqual(faults));

  it.each([
    'addHeaders',
    'allowBackends',
    'listen',
    'onRequest',
    'protocols',
    'removeHeaders',
    'routes',
    'trustedProxies',
    'upgrades',
  ])('a hole in %s, as of two commas in a row, is no value', (name) => {
    // biome-ignore lint/suspicious/noSparseArray: what is refused
    expect(() => resolveProxyOptions({ backend, [name]: [, ,] })).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_CONFIG' }),
    );
  });

  describe('null', () => {
    const isNone = ({ defaultText, accepts }: { defaultText: string; accepts: string }): boolean =>
      ['none', 'any', 'host and path', 'required', 'websocketIdleTimeout'].includes(defaultText) ||
      accepts.endsWith(', or null');
    const rows = Object.entries({ ...proxyOptions, ...poolOptions }).filter(
      ([key]) => key !== 'routes',
    );
    const path = (key: string) =>
      key in poolOptions && key !== 'tls' ? { pool: { [key]: null } } : { [key]: null };

    it.each(rows.filter(([, row]) => isNone(row)).map(([key]) => key))('of %s is none', (key) => {
      const faults = faultsOf({ backend, ...path(key) });
      expect(faults.filter((fault) => fault.includes('is not accepted'))).toEqual([]);
    });
    it.each(rows.filter(([, row]) => !isNone(row)).map(([key]) => key))('of %s is refused', (key) =>
      expect(faultsOf({ backend, ...path(key) })).toEqual([
        expect.stringMatching(/^invalid option .*: null is not accepted; expected /),
      ]),
    );
  });

  it('names all faults of all routes at once', () => {
    const faults = faultsOf({
      maxRequestHeaders: 0,
      routes: [
        { backend: 5 },
        { backend, path: '/a', poolTimeout: '5s' },
        { backend, path: '/b', vai: 'x' },
      ],
    });
    expect(faults.map((line) => line.split(': ')[0])).toEqual([
      '4 invalid options:',
      'maxRequestHeaders',
      'routes[0].backend',
      'routes[1].poolTimeout',
      'routes[2].vai',
    ]);
  });

  it.each(['example.org', '*.example.org', 'EXAMPLE.org.', 'a_b.c-d', '[::1]', '127.0.0.1', 'x'])(
    'host %s is accepted',
    (host) => expect(faultsOf({ backend, host })).toEqual([]),
  );
  it.each([
    '',
    '*',
    '*.',
    '.a',
    'a:80',
    '[::1]:80',
    'a b',
    'bücher.de',
    'a/b',
    '*.*.a',
    '-a',
    'a\0',
  ])('host %j is refused', (host) =>
    expect(faultsOf({ backend, host })).toEqual([expect.stringMatching(/^invalid option host:/)]),
  );

  it.each(['', 'a\0b', 'x'.repeat(108), 5])('unixSocket %j is refused', (unixSocket) => {
    expect(faultsOf({ backend, unixSocket })).toEqual([
      expect.stringMatching(/^invalid option unixSocket:/),
    ]);
  });

  it.each([true, '', 'a b', 'a:1', 5])('via %j is refused', (via) => {
    expect(faultsOf({ backend, via })).toEqual([expect.stringMatching(/^invalid option via:/)]);
  });

  it.each(['content-length', 'Transfer-Encoding', 'connection', 'TE', 'upgrade', 'Expect'])(
    '%s cannot be added (RFC 9110 §7.6.1)',
    (name) => {
      expect(faultsOf({ backend, addHeaders: { [name]: 'x' } })).toEqual([
        expect.stringMatching(/is managed by the proxy/),
      ]);
    },
  );
});

/** Every option of several backends can be said in code, in JSON and on the command line, and means the same. */
import { expect, it } from 'vitest';
import { resolveProxyOptions } from '../options/resolve-proxy-options.ts';
import { routeOptions } from '../options/route-options.ts';
import { parseArguments } from './arguments.ts';

const none = (): string => '';
const two = { backend: ['http://a', 'http://b'] };
const twoFlags = ['--backend', 'http://a', '--backend', 'http://b'];

type Row = readonly [flags: readonly string[], options: Readonly<Record<string, unknown>>];

const rows: readonly Row[] = [
  [[], {}],
  [['--load-balancing', 'round-robin'], { loadBalancing: 'round-robin' }],
  [['--load-balancing', 'first'], { loadBalancing: 'first' }],
  [['--load-balancing', 'random'], { loadBalancing: 'random' }],
  [['--load-balancing', 'latency'], { loadBalancing: 'latency' }],
  [['--load-balancing=hash', '--hash-on', 'path'], { loadBalancing: 'hash', hashOn: 'path' }],
  [['--hash-on', 'header:X-User'], { hashOn: 'header:X-User' }],
  [['--hash-on', 'cookie:user'], { hashOn: 'cookie:user' }],
  [
    [
      ...['--affinity-cookie', 'route', '--affinity-max-age', '60', '--affinity-path', '/a'],
      ...[
        '--affinity-same-site',
        'none',
        '--affinity-secure',
        '--affinity-secret',
        'of the operator 1',
      ],
    ],
    {
      affinity: {
        ...{ cookie: 'route', maxAge: 60, path: '/a', sameSite: 'none', secure: true },
        secret: 'of the operator 1',
      },
    },
  ],
  [
    [
      ...['--health-check-path', '/healthz', '--health-check-interval', '5000'],
      ...['--health-check-timeout', '500', '--health-check-healthy-threshold', '3'],
      ...['--health-check-unhealthy-threshold', '4', '--health-check-status', '200,204'],
      ...['--health-check-method', 'HEAD', '--health-check-headers', 'x-a: b'],
      ...['--health-check-port', '9000', '--health-check-body', 'ok'],
    ],
    {
      healthCheck: {
        ...{ path: '/healthz', interval: 5000, timeout: 500, healthyThreshold: 3 },
        ...{ unhealthyThreshold: 4, status: '200,204', method: 'HEAD', headers: { 'x-a': 'b' } },
        ...{ port: 9000, body: 'ok' },
      },
    },
  ],
  [
    ['--affinity-cookie', 'route', '--no-affinity-secure'],
    { affinity: { cookie: 'route', secure: false } },
  ],
  [['--health-check-type', 'tcp'], { healthCheck: { type: 'tcp' } }],
  [
    [
      ...['--outlier-consecutive-failures', '2', '--outlier-failure-status', '500-599'],
      ...['--outlier-ejection-time', '1000', '--outlier-max-ejection-time', '9000'],
      ...['--outlier-max-ejected-percent', '20'],
    ],
    {
      outlierDetection: {
        ...{ consecutiveFailures: 2, failureStatus: '500-599', ejectionTime: 1000 },
        ...{ maxEjectionTime: 9000, maxEjectedPercent: 20 },
      },
    },
  ],
  [['--slow-start', '3000'], { slowStart: 3000 }],
  [
    [
      ...['--retry-attempts', '3', '--retry-on', 'connect,503', '--retry-methods', 'GET,POST'],
      ...['--retry-budget-percent', '50', '--retry-budget-minimum', '9'],
      ...['--retry-per-try-timeout', '1000', '--retry-back-off', '0'],
    ],
    {
      retry: {
        ...{ attempts: 3, on: ['connect', '503'], methods: ['GET', 'POST'] },
        ...{ budget: { percent: 50, minimum: 9 }, perTryTimeout: 1000, backOff: 0 },
      },
    },
  ],
  [
    [
      ...['--discovery-type', 'dns', '--discovery-interval', '5000', '--discovery-timeout', '900'],
      ...['--discovery-servers', '127.0.0.1:53'],
    ],
    { discovery: { type: 'dns', interval: 5000, timeout: 900, servers: ['127.0.0.1:53'] } },
  ],
  [['--subset-size', '20', '--subset-id', '3'], { subset: { size: 20, id: 3 } }],
  [['--subset-size', '20', '--subset-id', 'pod-a'], { subset: { size: 20, id: 'pod-a' } }],
  [
    ['--allow-backends', 'https://*.a.test,http://b', '--max-origins', '7'],
    { allowBackends: ['https://*.a.test', 'http://b'], maxOrigins: 7 },
  ],
];

/** Whatever the order of keys, and without what is code by default. */
const resolved = (input: unknown): unknown => {
  const { routes } = resolveProxyOptions(input);
  return routes;
};

it.each(rows)('%j', (flags, options) => {
  const typed = parseArguments([...twoFlags, ...flags], none);
  expect(typed.faults).toEqual([]);
  const byCode = resolved({ ...two, ...options });
  expect(resolved(typed.options)).toEqual(byCode);
  expect(resolved(JSON.parse(JSON.stringify({ ...two, ...options })))).toEqual(byCode);
  // Each row says something.
  if (flags.length > 0) expect(byCode).not.toEqual(resolved(two));
});

it('SRV records', () => {
  const options = { backend: 'http://a', discovery: { type: 'srv', name: '_http._tcp.a' } };
  const flags = [
    '--backend',
    'http://a',
    '--discovery-type',
    'srv',
    '--discovery-name',
    '_http._tcp.a',
  ];
  expect(resolved(parseArguments(flags, none).options)).toEqual(resolved(options));
});

it('no option of the table is missing above', () => {
  const names = new Set(rows.flatMap(([, options]) => Object.keys(options)));
  const group = Object.entries(routeOptions).filter(([, row]) => row.group === 'Backends');
  expect(group.map(([key]) => key).filter((key) => !names.has(key))).toEqual([]);
});

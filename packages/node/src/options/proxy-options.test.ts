import { Faults, type Option, type OptionTable } from '@reverseit/core/options';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { flags } from '../cli/flags.ts';
import { defineConfig, proxyOptions, type ReverseItOptions } from './proxy-options.ts';
import type { ResolvedProxyOptions } from './resolve-proxy-options.ts';
import { resolveProxyOptions } from './resolve-proxy-options.ts';
import type { RouteOptions, routeOptions } from './route-options.ts';

type Row = readonly [path: string, option: Option<unknown, unknown>];

const rowsOf = (table: OptionTable, parent = ''): readonly Row[] =>
  Object.entries(table).flatMap(([key, option]): readonly Row[] => {
    const path = `${parent}${key}`;
    const row: Row = [path, option];
    return option.nested === null ? [row] : [row, ...rowsOf(option.nested.rows, `${path}.`)];
  });

const rows = rowsOf(proxyOptions);

describe('every row', () => {
  it.each(rows)('%s has prose, a group, and says what it accepts', (_, option) => {
    expect(option.prose).toMatch(/^[A-Z"].*\.$/);
    expect(option.prose.length).toBeLessThan(130);
    expect(option.group).not.toBe('');
    expect(option.accepts).not.toBe('');
    expect(option.defaultText).not.toBe('');
  });

  it.each(rows)('%s accepts its own default', (path, option) => {
    const faults = new Faults();
    expect(option.read(option.default, path, faults, option.default)).toEqual(option.default);
    expect(faults.list).toEqual([]);
  });

  it.each(rows)('%s refuses what it cannot be, naming itself', (path, option) => {
    for (const nonsense of [Symbol('nonsense'), 5n, Number.NaN]) {
      const faults = new Faults();
      option.read(nonsense, path, faults, option.default);
      expect(faults.list).toEqual([
        { key: path, message: expect.stringMatching(/^.+ is not accepted; expected .+/) },
      ]);
    }
  });

  it.each(rows)(
    '%s has a flag of its own, unless its value cannot be written as text',
    (path, { text }) => {
      const own = flags.filter((flag) => flag.path.join('.') === path);
      expect(own).toHaveLength(text === null ? 0 : 1);
    },
  );
});

describe('flags', () => {
  it('are distinct, also from each other without "no-"', () => {
    const names = flags.flatMap(({ name, text }) =>
      text.negatable ? [name, `no-${name}`] : [name],
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z\d]+(?:-[a-z\d]+)*$/);
  });
});

// The contract: names and defaults are public.
const contract: readonly (readonly [key: string, flag: string, value: unknown])[] = [
  ['maxRequestTargetBytes', 'max-request-target-bytes', 8192],
  ['maxRequestHeaderLineBytes', 'max-request-header-line-bytes', 8192],
  ['maxRequestHeaderBytes', 'max-request-header-bytes', 65536],
  ['maxRequestHeaders', 'max-request-headers', 100],
  ['requestHeaderTimeout', 'request-header-timeout', 30000],
  ['keepAliveTimeout', 'keep-alive-timeout', 75000],
  ['responseSendTimeout', 'response-send-timeout', 60000],
  ['maxConnections', 'max-connections', Number.POSITIVE_INFINITY],
  ['maxRequestsPerConnection', 'max-requests-per-connection', Number.POSITIVE_INFINITY],
  ['halfClose', 'half-close', 'probe'],
  ['protocols', 'listen-protocols', ['http1']],
  ['maxConcurrentStreams', 'max-concurrent-streams', 100],
  ['maxStreamResetsPerSecond', 'max-stream-resets-per-second', 200],
  ['tls', '', null],
  ['pool.poolSize', 'pool-size', 50],
  ['pool.poolCount', 'pool-count', 1],
  ['pool.connectTimeout', 'connect-timeout', 5000],
  ['pool.connMaxIdleTime', 'conn-max-idle-time', 90000],
  ['pool.protocols', 'protocols', ['http1']],
  ['pool.transport', 'transport', 'undici'],
  ['pool.verifyTls', 'verify-tls', true],
  ['path', 'path', '/'],
  ['host', 'host', null],
  ['stripPath', 'strip-path', null],
  ['unixSocket', 'unix-socket', null],
  ['upstreamConnection', 'upstream-connection', 'pooled'],
  ['poolTimeout', 'pool-timeout', 5000],
  ['responseHeaderTimeout', 'response-header-timeout', 30000],
  ['responseHeaderRetries', 'response-header-retries', 1],
  ['upstreamIdleTimeout', 'upstream-idle-timeout', 55000],
  ['requestBodyReadTimeout', 'request-body-read-timeout', 55000],
  ['maxRequestBodySize', 'max-request-body-size', 104857600],
  ['requestBodyBufferSize', 'request-body-buffer-size', 1048576],
  ['maxResponseBodySize', 'max-response-body-size', Number.POSITIVE_INFINITY],
  ['maxResponseHeaderBytes', 'max-response-header-bytes', 65536],
  ['forwardedHeaders', 'forwarded-headers', 'append'],
  ['via', 'via', false],
  ['addHeaders', 'add-headers', []],
  ['removeHeaders', 'remove-headers', []],
  ['preserveHostHeader', 'preserve-host-header', false],
  ['errorResponse', '', { status: 502, headers: [], body: 'Bad Gateway' }],
  ['websocketIdleTimeout', 'websocket-idle-timeout', 55000],
  ['websocketBackendUpgradeTimeout', 'websocket-backend-upgrade-timeout', 5000],
  ['maxWebsocketFrameSize', 'max-websocket-frame-size', 16777216],
  ['maxWebsocketPendingBytes', 'max-websocket-pending-bytes', 1048576],
  ['maxWebsocketPendingFrames', 'max-websocket-pending-frames', 16],
  ['websocketCompress', 'websocket-compress', false],
  ['websocketValidateUtf8', 'websocket-validate-utf8', true],
];

const valueAt = ({ server, routes }: ResolvedProxyOptions, key: string): unknown => {
  let value: unknown = { ...server, ...routes[0] };
  for (const part of key.split('.')) value = (value as Record<string, unknown>)[part];
  return value;
};

describe('the contract', () => {
  const defaults = resolveProxyOptions({ backend: 'http://h' });
  it.each(contract)('%s, --%s, is %j', (key, flag, value) => {
    expect(valueAt(defaults, key)).toEqual(value);
    const found = flags.find(({ path }) => path.join('.') === key);
    expect(found?.name ?? '').toBe(flag);
  });

  it('listens on the loopback unless told', () => {
    expect(defaults.listeners).toEqual([
      { target: { host: '127.0.0.1', port: 4000 }, server: defaults.server, redirect: null },
    ]);
    expect(defaults.closeTimeout).toBe(30000);
    expect(defaults.maxBufferedRequestBytes).toBe(256 * 1024 * 1024);
  });
});

describe('types', () => {
  it('of options are derived from the rows', () => {
    expectTypeOf<RouteOptions['poolTimeout']>().toEqualTypeOf<number | 'infinity' | undefined>();
    expectTypeOf<ReverseItOptions['forwardedHeaders']>().toEqualTypeOf<
      'append' | 'replace' | false | undefined
    >();
    expectTypeOf<keyof RouteOptions>().toEqualTypeOf<keyof typeof routeOptions>();
    expectTypeOf<keyof ReverseItOptions>().toEqualTypeOf<keyof typeof proxyOptions>();
    expectTypeOf<ResolvedProxyOptions['routes'][number]['poolTimeout']>().toEqualTypeOf<number>();
    const config = { backend: 'http://h', routes: [{ path: '/a', pool: { poolSize: 1 } }] };
    expect(defineConfig(config)).toBe(config);
    // @ts-expect-error no such option
    defineConfig({ poolTimeot: 5 });
    // @ts-expect-error no such value
    defineConfig({ forwardedHeaders: true });
  });
});

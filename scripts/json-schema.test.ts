// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are what is read
/** The schema of a configuration says what the option tables say. */
import { readFileSync } from 'node:fs';
import { isReverseItError } from '@reverseit/core/errors';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { proxyOptions } from '../packages/node/src/options/proxy-options.ts';
import { resolveProxyOptions } from '../packages/node/src/options/resolve-proxy-options.ts';
import { snippetsOf } from './lib/snippets.mjs';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const schema: unknown = JSON.parse(read('packages/node/schema.json'));
// Strict: a keyword that is misspelt is an error.
const validate = new Ajv({ strict: true, allErrors: true }).compile(schema as object);

const backend = 'http://127.0.0.1:8080';

/** Whether the tables take it. */
function isAccepted(input: unknown): boolean {
  try {
    resolveProxyOptions(input);
    return true;
  } catch (error) {
    if (isReverseItError(error)) return false;
    throw error;
  }
}

describe('what both accept', () => {
  it.each<[string, object]>([
    ['a backend', { backend }],
    ['a schema', { $schema: './node_modules/@reverseit/node/schema.json', backend }],
    [
      'limits that are lifted',
      { backend, maxRequestBodySize: 'infinity', closeTimeout: 'infinity' },
    ],
    ['addresses', { backend, listen: 4000 }],
    ['an address in parts', { backend, listen: { host: '::1', port: 0 } }],
    ['a Unix socket', { backend, listen: { path: '/run/x.sock' }, workers: 'auto' }],
    [
      'listeners',
      {
        backend,
        listen: [
          80,
          { port: 81, redirectToHttps: true },
          { host: '::1', port: 82, tls: null, maxConnections: 5 },
          { path: '/run/x.sock', mode: '0660' },
          { port: 83, redirectToHttps: { port: 84, status: 301, except: ['/x'] } },
        ],
      },
    ],
    [
      'routes',
      {
        poolTimeout: 0,
        routes: [
          { name: 'api', host: '*.example.org', path: '/api', backend, stripPath: '/api' },
          { path: '/fine', respond: { status: 204, headers: { 'x-a': ['1', '2'] } } },
          { backend, pool: { poolSize: 7, protocols: ['http1', 'http2'] }, via: 'me' },
        ],
      },
    ],
    ['fields', { backend, addHeaders: [['x-a', 'b']], removeHeaders: ['x-c'], via: false }],
    ['fields by name', { backend, addHeaders: { 'x-a': 'b', 'x-c': ['d', 'e'] } }],
    ['null for none', { backend, stripPath: null, unixSocket: null, tunnelIdleTimeout: null }],
    ['upgrades', { backend, upgrades: ['websocket', 'SPDY/3.1'], errorResponse: { status: 503 } }],
  ])('%s', (_, input) => {
    expect(validate(input), JSON.stringify(validate.errors)).toBe(true);
    expect(isAccepted(input)).toBe(true);
  });
});

describe('environment variables, replaced before the tables read them', () => {
  it.each<[string, object]>([
    ['in text', { backend: 'http://${HOST}:80' }],
    ['for a number', { backend, poolTimeout: '${MS}' }],
    ['for yes or no', { backend, websocketCompress: '${YES}' }],
    ['for a choice', { backend, forwardedHeaders: '${WORD}' }],
    ['in a group', { backend, pool: { poolSize: '${SIZE}' } }],
    ['in a route', { routes: [{ backend: '${URL}', poolTimeout: '${MS}' }] }],
    ['in a listener', { backend, listen: [{ port: '${PORT}' }] }],
  ])('%s', (_, input) => {
    expect(validate(input), JSON.stringify(validate.errors)).toBe(true);
  });
  it.each(['5', '$MS', '$${', '${5}'])('%s is none', (poolTimeout) => {
    expect(validate({ backend, poolTimeout })).toBe(false);
  });
});

describe('what both refuse', () => {
  it.each<[string, unknown]>([
    ['an unknown key', { backend, backends: [] }],
    ['an unknown key of a route', { routes: [{ backend, listen: 1 }] }],
    ['an unknown key of a group', { backend, pool: { size: 1 } }],
    ['no routes', { backend, routes: [] }],
    ['a backend that is no URL', { backend: 'localhost:80' }],
    ['a port out of range', { backend, listen: 65_536 }],
    ['an address with more than belongs to it', { backend, listen: { port: 1, path: '/x' } }],
    ['no listeners', { backend, listen: [] }],
    ['a listener without an address', { backend, listen: [{ host: 'a' }] }],
    ['an unknown key of a listener', { backend, listen: [{ port: 1, bind: 'a' }] }],
    ['a limit below its least', { backend, maxRequestHeaders: 0 }],
    ['a limit beyond its most', { backend, responseHeaderRetries: 11 }],
    ['a limit that cannot be lifted', { backend, maxRequestHeaders: 'infinity' }],
    ['a time below none', { backend, poolTimeout: -1 }],
    ['a word that is none of the choices', { backend, forwardedHeaders: 'yes' }],
    ['text in place of yes or no', { backend, websocketCompress: 'true' }],
    ['text in place of a number', { backend, poolTimeout: '5' }],
    ['a hook', { backend, onRequest: 'x' }],
    ['a status that ends no request', { respond: { status: 101 } }],
    ['a list', [backend]],
  ])('%s', (_, input) => {
    expect(validate(input)).toBe(false);
    expect(isAccepted(input)).toBe(false);
  });
});

it('names every option that JSON can hold, with what it means', () => {
  const { properties } = schema as { properties: Record<string, { description?: string }> };
  const named = Object.entries(proxyOptions)
    .filter(([, { json, nested }]) => json !== null || nested !== null)
    .map(([key]) => key);
  expect(Object.keys(properties)).toEqual(named);
  for (const { description } of Object.values(properties)) expect(description).toMatch(/\.$/);
});

describe('the examples', () => {
  const examples = ['packages/node/README.md'].flatMap((file) =>
    snippetsOf(read(file))
      .filter(({ language }: { language: string }) => language === 'json')
      .map(({ heading, text }: { heading: string; text: string }) => [heading, text] as const),
  );
  it('are there', () => expect(examples.length).toBeGreaterThan(0));
  it.each(examples)('%s', (_, text) => {
    expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });
});

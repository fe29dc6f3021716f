import { describe, expect, it, test } from 'vitest';
import { type AccessRequest, hasToken, isEmbedded, isForeign, isOwnHost } from './access.ts';

const request = (
  fields: Readonly<Record<string, string>>,
  authority = '127.0.0.1:4001',
): AccessRequest => ({ method: 'POST', authority, field: (name) => fields[name] ?? null });

describe('isOwnHost', () => {
  it.each([
    ['localhost', true],
    ['LOCALHOST:4001', true],
    ['x.localhost:4001', true],
    ['127.0.0.1', true],
    ['10.0.0.7:4001', true],
    ['[::1]:4001', true],
    ['[fe80::1]', true],
    ['admin.example:4001', true],
    ['evil.example', false],
    ['localhost.evil.example:4001', false],
    ['admin.example.evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['2130706433', false],
    ['', false],
    // HTTP/1.0 only.
    [null, true],
  ])('%s: %s', (authority, own) => {
    expect(isOwnHost({ token: null, hosts: ['admin.example'] }, authority)).toBe(own);
    expect(isOwnHost({ token: null, hosts: ['*'] }, authority)).toBe(true);
  });
});

describe('isEmbedded', () => {
  it.each<[name: string, fields: Record<string, string>, embedded: boolean]>([
    ['no browser', {}, false],
    ['our own page', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, false],
    ['typed by its user', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, false],
    [
      'a link of another site',
      {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
      false,
    ],
    [
      'a frame of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      true,
    ],
    [
      'a script of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      true,
    ],
    [
      'another port of this host',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
      true,
    ],
  ])('%s: %o', (_, fields, embedded) => {
    expect(isEmbedded(request(fields))).toBe(embedded);
  });
});

describe('isForeign', () => {
  it.each([
    ['no browser', {}, false],
    ['our own page', { origin: 'http://127.0.0.1:4001', 'sec-fetch-site': 'same-origin' }, false],
    ['typed by its user', { 'sec-fetch-site': 'none' }, false],
    ['another site', { 'sec-fetch-site': 'cross-site' }, true],
    ['another port of this host', { 'sec-fetch-site': 'same-site' }, true],
    ['another site, of an old browser', { origin: 'http://evil.example' }, true],
    ['another port, of an old browser', { origin: 'http://127.0.0.1:80' }, true],
    ['a document without an origin', { origin: 'null' }, true],
    ['another site, and ours', { origin: 'http://evil.example, http://127.0.0.1:4001' }, true],
    ['another site, and none', { 'sec-fetch-site': 'cross-site, none' }, true],
    ['a file', { origin: 'file://127.0.0.1:4001' }, true],
  ])('%s: %s', (_, fields, foreign) => {
    expect(isForeign(request(fields))).toBe(foreign);
  });
});

test.each([
  ['Bearer 0123456789abcdef', true],
  ['bearer 0123456789abcdef', true],
  ['Bearer 0123456789abcdeF', false],
  ['Bearer 0123456789abcde', false],
  ['Bearer  0123456789abcdef', true],
  ['Bearer 0123456789abcdef x', false],
  ['Bearer x 0123456789abcdef', false],
  ['Bearer 0123456789abcdef, Bearer 0123456789abcdef', false],
  ['Bearer ', false],
  ['Bearer', false],
  ['Basic 0123456789abcdef', false],
  ['0123456789abcdef', false],
  ['', false],
])('RFC 6750 §2.1: %s', (authorization, good) => {
  const rules = { token: '0123456789abcdef', hosts: [] };
  expect(hasToken(rules, request({ authorization }))).toBe(good);
  expect(hasToken({ ...rules, token: null }, request({ authorization }))).toBe(true);
});

import { expect, test } from 'vitest';
import { parseOrigin } from './origin.ts';

test.each([
  ['http://a', { key: 'http://a:80', secure: false, host: 'a', port: 80 }],
  [
    'ws://A.Example:80/x?y#z',
    { key: 'http://a.example:80', secure: false, host: 'a.example', port: 80 },
  ],
  ['https://a', { key: 'https://a:443', secure: true, host: 'a', port: 443 }],
  ['wss://a:8443', { key: 'https://a:8443', secure: true, host: 'a', port: 8443 }],
  ['http://[::1]:81', { key: 'http://[::1]:81', secure: false, host: '::1', port: 81 }],
  ['http://127.1', { key: 'http://127.0.0.1:80', secure: false, host: '127.0.0.1', port: 80 }],
  [
    'http://b\u00fccher.example',
    {
      key: 'http://xn--bcher-kva.example:80',
      secure: false,
      host: 'xn--bcher-kva.example',
      port: 80,
    },
  ],
])('%s', (backend, expected) => {
  expect(parseOrigin(backend)).toMatchObject({ ...expected, unixSocket: null });
  expect(parseOrigin(new URL(backend))).toEqual(parseOrigin(backend));
});

test('a unix socket is another key, and cannot imitate one', () => {
  const plain = parseOrigin('http://a');
  const socket = parseOrigin('http://a', '/run/a.sock');
  expect(socket).toMatchObject({ host: 'a', unixSocket: '/run/a.sock' });
  expect(socket.key).not.toBe(plain.key);
  expect(parseOrigin('http://a', '/run/b.sock').key).not.toBe(socket.key);
});

test.each([
  ['', 'URL'],
  ['a:80', 'scheme'],
  ['//a', 'URL'],
  ['ftp://a', 'scheme'],
  ['http://user@a', 'credentials'],
  ['http://:secret@a', 'credentials'],
  ['http://a:0', 'port'],
  ['http://a:65536', 'URL'],
])('refused: %j', (backend, why) => {
  expect(() => parseOrigin(backend)).toThrow(
    expect.objectContaining({ code: 'RIT_ERR_CONFIG', message: expect.stringContaining(why) }),
  );
  expect(() => parseOrigin('http://a', '')).toThrow(/unixSocket/);
  expect(() => parseOrigin('http://a', 'a\0b')).toThrow(/unixSocket/);
});

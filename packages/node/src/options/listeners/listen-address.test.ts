import { describe, expect, it } from 'vitest';
import { listenTarget, parseListenAddress, showListenAddress } from './listen-address.ts';

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:4000', { host: '127.0.0.1', port: 4000 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['a-b.c_d:1', { host: 'a-b.c_d', port: 1 }],
    ['[::]:80', { host: '::', port: 80 }],
    ['[::ffff:127.0.0.1]:80', { host: '::ffff:127.0.0.1', port: 80 }],
    [':65535', { port: 65535 }],
    ['4000', { port: 4000 }],
    ['unix:/run/x.sock', { path: '/run/x.sock' }],
    ['unix:x y', { path: 'x y' }],
    ['fd:3', { fd: 3 }],
  ])('%s', (text, address) => expect(parseListenAddress(text)).toEqual(address));

  it.each([
    ...[
      '',
      ':',
      'a',
      'a:',
      'a:65536',
      'a:-1',
      'a:1x',
      'a:1:2',
      '::1:80',
      '[::1]',
      '[:::]:80',
      '[g]:1',
    ],
    ...[
      'http://a:80',
      'a b:1',
      '*:80',
      '-a:1',
      'unix:',
      'unix:a\0b',
      'fd:',
      'fd:2',
      'fd:3x',
      ' :1',
      '123456',
      'é:1',
    ],
  ])('%j is none', (text) => expect(parseListenAddress(text)).toBeUndefined());
});

describe('listenTarget', () => {
  it.each([
    [null, 1, { port: 1 }],
    ['a', 1, { host: 'a', port: 1 }],
    ['::1', 1, { host: '::1', port: 1 }],
    ['a b', 1, undefined],
    ['a', 65536, undefined],
  ])('%j, %j', (host, port, target) => expect(listenTarget(host, port)).toEqual(target));
});

describe('showListenAddress', () => {
  it.each([
    [{ host: '127.0.0.1', port: 80 }, false, 'http://127.0.0.1:80'],
    [{ host: '::1', port: 80 }, true, 'https://[::1]:80'],
    [{ port: 80 }, false, 'http://[::]:80'],
    [{ path: '/x' }, true, 'unix:/x'],
  ])('%j', (address, secure, text) => expect(showListenAddress(address, secure)).toBe(text));
});

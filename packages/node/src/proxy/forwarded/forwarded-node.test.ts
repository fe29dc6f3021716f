import { formatIpAddress } from '@reverseit/core/internal';
import { describe, expect, test } from 'vitest';
import { bareNode, nodeValue, parseForwardedNode } from './forwarded-node.ts';

describe('RFC 7239 §6: a node, as X-Forwarded-For and as Forwarded have it', () => {
  test.for<[text: string, address: string | null, port: number, bare: string, value: string]>([
    ['192.0.2.1', '192.0.2.1', 0, '192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:80', '192.0.2.1', 80, '192.0.2.1', '"192.0.2.1:80"'],
    ['192.0.2.1:_port', '192.0.2.1', 0, '192.0.2.1', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1', 0, '2001:db8::1', '"[2001:db8::1]"'],
    ['[2001:db8::1]', '2001:db8::1', 0, '2001:db8::1', '"[2001:db8::1]"'],
    ['[2001:db8::1]:4711', '2001:db8::1', 4711, '2001:db8::1', '"[2001:db8::1]:4711"'],
    ['fe80::1%eth0', 'fe80::1', 0, 'fe80::1', '"[fe80::1]"'],
    ['[fe80::1%25eth0]:1', 'fe80::1', 1, 'fe80::1', '"[fe80::1]:1"'],
    ['::ffff:192.0.2.1', '192.0.2.1', 0, '192.0.2.1', '192.0.2.1'],
    ['unknown', null, 0, 'unknown', 'unknown'],
    ['Unknown:80', null, 0, 'Unknown:80', '"Unknown:80"'],
    ['_hidden', null, 0, '_hidden', '_hidden'],
    ['_SEVKISEK.a-b:_x', null, 0, '_SEVKISEK.a-b:_x', '"_SEVKISEK.a-b:_x"'],
  ])('%s', ([text, address, port, bare, value]) => {
    const node = parseForwardedNode(text);
    if (node === null) throw new Error('it is refused');
    expect([node.address && formatIpAddress(node.address), node.port]).toEqual([address, port]);
    expect([node.text, bareNode(node), nodeValue(node)]).toEqual([text, bare, value]);
  });
});

describe('what is none', () => {
  test.for([
    ...['', ' ', ':', ':80', '192.0.2.1:', '192.0.2.1:x', '192.0.2.1:65536', '192.0.2.1:123456'],
    ...[
      '192.0.2',
      '192.0.2.256',
      'example.org',
      '_',
      '_a b',
      'unknown:',
      'unknownx',
      '[::1',
      '::1]',
    ],
    ...[
      '[192.0.2.1]',
      '[::1]80',
      '[::1]:',
      '[]',
      '"192.0.2.1"',
      '192.0.2.1 ',
      '-',
      'for=192.0.2.1',
    ],
  ])('%j', (text) => expect(parseForwardedNode(text)).toBeNull());
});

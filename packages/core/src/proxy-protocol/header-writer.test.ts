import { describe, expect, it } from 'vitest';
import { writeProxyHeader } from './header-writer.ts';

const ipv4 = {
  source: { address: '192.0.2.1', port: 54321 },
  destination: { address: '198.51.100.2', port: 443 },
};
const ipv6 = { ...ipv4, source: { address: '2001:db8::1', port: 1 } };
const unix = { ...ipv4, source: { address: '', port: 0 } };
const signature = '0d0a0d0a000d0a515549540a';

describe('writeProxyHeader', () => {
  it.each([
    ['§2.1 TCP4', ipv4, 'PROXY TCP4 192.0.2.1 198.51.100.2 54321 443\r\n'],
    [
      '§2.1 TCP6 where one end is IPv6',
      ipv6,
      'PROXY TCP6 2001:db8:0:0:0:0:0:1 0:0:0:0:0:ffff:c633:6402 1 443\r\n',
    ],
    ['§2.1 UNKNOWN for a Unix socket', unix, 'PROXY UNKNOWN\r\n'],
    ['§2.1 UNKNOWN for the proxy itself', null, 'PROXY UNKNOWN\r\n'],
  ])('%s', (_, connection, text) => {
    expect(writeProxyHeader(1, connection).toString('latin1')).toBe(text);
  });

  it.each([
    ['§2.2 TCP over IPv4', ipv4, '2111000cc0000201c6336402d43101bb'],
    [
      '§2.2 TCP over IPv6',
      ipv6,
      '2121002420010db800000000000000000000000100000000000000000000ffffc6336402000101bb',
    ],
    ['§2.2 UNSPEC for a Unix socket', unix, '21000000'],
    ['§2.2 LOCAL for the proxy itself', null, '20000000'],
  ])('%s', (_, connection, hex) => {
    expect(writeProxyHeader(2, connection).toString('hex')).toBe(signature + hex);
  });
});

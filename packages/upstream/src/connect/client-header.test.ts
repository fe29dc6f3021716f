import { describe, expect, it } from 'vitest';
import type { ClientConnection } from '../exchange/message/upstream-request.ts';
import { clientHeader } from './client-header.ts';

const ends = {
  source: { address: '192.0.2.1', port: 54321 },
  destination: { address: '198.51.100.2', port: 443 },
};
const told = { alpn: null, authority: null, uniqueId: null, others: [] };
const signature = '0d0a0d0a000d0a515549540a';
const addresses = 'c0000201c6336402d43101bb';

function client(proxied: ClientConnection['proxied'], closed = false): ClientConnection {
  const ignore = (): void => {};
  return {
    closed,
    proxied: proxied ?? null,
    addCloseListener: ignore,
    removeCloseListener: ignore,
  };
}

describe('clientHeader', () => {
  it.each([
    ['§2.1 the ends of a client', client(ends), 'PROXY TCP4 192.0.2.1 198.51.100.2 54321 443\r\n'],
    ['§2.1 a connection of our own', null, 'PROXY UNKNOWN\r\n'],
    ['§2.1 a client without addresses', client(null), 'PROXY UNKNOWN\r\n'],
    [
      '§2.1 what was told beside the ends has no place',
      client({ ...ends, told: { ...told, authority: 'a' } }),
      'PROXY TCP4 192.0.2.1 198.51.100.2 54321 443\r\n',
    ],
  ])('%s', (_, given, text) => {
    expect(clientHeader('v1', given).toString('latin1')).toBe(text);
  });

  it.each([
    ['§2.2 the ends of a client', client(ends), `2111000c${addresses}`],
    ['§2.2 LOCAL for a connection of our own', null, '20000000'],
    ['§2.2 LOCAL for a client without addresses', client(null), '20000000'],
    [
      '§2.2.2 the name that the client asked for',
      client({ ...ends, told: { ...told, authority: 'a.org' } }),
      `21110014${addresses}020005${Buffer.from('a.org').toString('hex')}`,
    ],
    [
      '§2.2.1 ALPN names what is spoken here',
      client({ ...ends, told: { ...told, alpn: 'h2' } }),
      `21110017${addresses}010008${Buffer.from('http/1.1').toString('hex')}`,
    ],
    [
      '§2.2.5, §2.2.8 an id, and fields of other types',
      client({
        ...ends,
        told: {
          ...told,
          uniqueId: Buffer.from('ab'),
          others: [
            { type: 0xea, value: Buffer.from('x') },
            { type: 0xea, value: Buffer.alloc(0) },
          ],
        },
      }),
      `21110018${addresses}0500026162ea000178ea0000`,
    ],
  ])('%s', (_, given, hex) => {
    expect(clientHeader('v2', given).toString('hex')).toBe(signature + hex);
  });

  it.each(['v1', 'v2'] as const)('%s: a client that has left is not taken for us', (version) => {
    expect(() => clientHeader(version, client(ends, true))).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_CLIENT_ABORTED' }),
    );
  });
});

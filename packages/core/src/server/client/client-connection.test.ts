import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { bareHeader, type ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import { type ClientCloseListener, clientConnection } from './client-connection.ts';

class FakeSocket extends EventEmitter {
  destroyed = false;
  remoteAddress: string | undefined = '::ffff:192.0.2.1';
  remotePort: number | undefined = 1234;
  localAddress: string | undefined = '198.51.100.2';
  localPort: number | undefined = 443;
}

const told: ProxyHeader = {
  ...bareHeader,
  version: 2,
  command: 'proxy',
  family: 'tcp6',
  source: { address: '2001:db8::1', port: 1 },
  destination: { address: '2001:db8::2', port: 2 },
};
const local: ProxyHeader = { ...bareHeader, version: 2, command: 'local' };
const ends = {
  source: { address: '192.0.2.1', port: 1234 },
  destination: { address: '198.51.100.2', port: 443 },
};

describe('proxied', () => {
  it.each<[name: string, header: ProxyHeader | null, proxied: object]>([
    ['the ends of the socket', null, { ...ends, told: null }],
    [
      'what a proxy in front has told',
      told,
      { source: told.source, destination: told.destination, told },
    ],
    [
      'of a connection of that proxy’s own, the ends of the socket',
      local,
      { ...ends, told: local },
    ],
  ])('%s', (_, header, proxied) => {
    expect(clientConnection(new FakeSocket(), header).proxied).toEqual(proxied);
  });

  it('nothing where there are no addresses, unless they were told', () => {
    const socket = Object.assign(new FakeSocket(), { remoteAddress: undefined });
    expect(clientConnection(socket).proxied).toBe(null);
    const other = Object.assign(new FakeSocket(), { remoteAddress: undefined });
    expect(clientConnection(other, told).proxied).toMatchObject({ source: told.source });
  });
});

it('is one for each socket, and tells of its end once', () => {
  const socket = new FakeSocket();
  const client = clientConnection(socket, null, true);
  expect([clientConnection(socket), client.multiplexed, client.closed]).toEqual([
    client,
    true,
    false,
  ]);
  const heard: number[] = [];
  const listeners = [1, 2].map(
    (nth): ClientCloseListener => ({ onClientClosed: () => heard.push(nth) }),
  );
  for (const one of listeners) client.addCloseListener(one);
  expect(socket.listenerCount('close')).toBe(1);
  client.removeCloseListener(listeners[0] as ClientCloseListener);
  socket.destroyed = true;
  socket.emit('close');
  expect([heard, client.closed]).toEqual([[2], true]);
});

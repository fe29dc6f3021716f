import { Deadlines } from '@reverseit/core/deadlines';
import { expect, it } from 'vitest';
import { resolveProxyOptions } from '../../options/resolve-proxy-options.ts';
import { RelaySettings, withSlack } from './relay-settings.ts';

it.each([
  [0, 0],
  [1, 1],
  [100, 110],
  [1000, 1100],
  [50_000, 55_000],
  // The default: a peer that pings every 55 s is alive.
  [55_000, 60_000],
  [3_600_000, 3_605_000],
])(
  'a WebSocket of websocketIdleTimeout %d is closed after %d ms of silence',
  (timeout, silence) => {
    expect(withSlack(timeout)).toBe(silence);
  },
);

it('by default closes after 60 s, and says that it is an option of 55 s', () => {
  const [route] = resolveProxyOptions({ backend: 'http://a' }).routes;
  if (route === undefined) throw new Error('no route');
  const settings = new RelaySettings(route, new Deadlines());
  expect([settings.idle.ms, settings.idleTimeout]).toEqual([60_000, 55_000]);
});

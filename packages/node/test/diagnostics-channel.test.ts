/** What is published on `node:diagnostics_channel`, alike over both transports. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { eventually } from '@reverseit/test-servers';
import { afterEach, expect, it } from 'vitest';
import type { RequestMessage, UpstreamMessage, WebSocketMessage } from '../src/index.ts';
import { request, useProxy } from './harness.ts';

const start = useProxy();

type Message = RequestMessage & UpstreamMessage & WebSocketMessage;
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const names = [
  'request:start',
  'request:finish',
  'request:error',
  'upstream:start',
  'upstream:response',
  'upstream:finish',
  'upstream:error',
  'websocket:open',
  'websocket:close',
];

/** Everything that is published from now on: the name of the channel, what it said then, and the message. */
function listen() {
  const heard: [name: string, fact: unknown, message: Message][] = [];
  for (const name of names) {
    const listener = (message: unknown): void => {
      const one = message as Message;
      const fact = name.startsWith('upstream')
        ? `${one.attempt} ${one.status} ${one.error?.code ?? '-'}`
        : (one.error?.code ?? one.record?.status ?? '-');
      heard.push([name, fact, one]);
    };
    subscribe(`reverseit:${name}`, listener);
    stops.push(() => unsubscribe(`reverseit:${name}`, listener));
  }
  const facts = () => heard.map(([name, fact]) => [name, fact]);
  const until = (name: string) => eventually(() => heard.some(([one]) => one === name), name);
  return { heard, facts, until };
}

it('a request that is served', async () => {
  const { heard, facts, until } = listen();
  const bench = await start();
  await (await bench.connect()).request(request('GET /x', ['A: 1']));
  await until('request:finish');
  expect(facts()).toEqual([
    ['request:start', '-'],
    ['upstream:start', '1 0 -'],
    ['upstream:response', '1 200 -'],
    ['upstream:finish', '1 200 -'],
    ['request:finish', 200],
  ]);
  const [, , begun] = heard[0] ?? [];
  const [, , over] = heard.at(-1) ?? [];
  expect(over).toBe(begun);
  expect(heard[1]?.[2]).toMatchObject({ backend: bench.origin.url, reused: false });
  expect(heard[1]?.[2].request).toBe(begun);
  expect(begun?.request.headers.get('a')).toBe('1');
  expect(begun?.record).toMatchObject({ target: '/x', status: 200 });
  expect(begun?.context.remoteAddress).toBe('127.0.0.1');
});

it('a request that fails, and one that nobody serves', async () => {
  const { facts, until } = listen();
  const bench = await start({ options: { path: '/a', backend: 'http://127.0.0.1:1' } });
  await (await bench.connect()).request(request('GET /a'));
  await until('request:finish');
  expect(facts()).toEqual([
    ['request:start', '-'],
    ['upstream:start', '1 0 -'],
    ['upstream:error', '1 0 RIT_ERR_UPSTREAM_CONNECT'],
    ['upstream:finish', '1 0 RIT_ERR_UPSTREAM_CONNECT'],
    ['request:error', 'RIT_ERR_UPSTREAM_CONNECT'],
    ['request:finish', 'RIT_ERR_UPSTREAM_CONNECT'],
  ]);
  await (await bench.connect()).request(request('GET /b'));
  expect(facts().slice(6)).toEqual([
    ['request:start', '-'],
    ['request:error', 'RIT_ERR_NO_ROUTE'],
    ['request:finish', 'RIT_ERR_NO_ROUTE'],
  ]);
});

it('nothing to who has left', async () => {
  const { facts } = listen();
  for (const stop of stops.splice(0)) stop();
  const bench = await start();
  await (await bench.connect()).request(request('GET /x'));
  expect(facts()).toEqual([]);
});

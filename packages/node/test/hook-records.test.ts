/** What the record and the context tell `onFinish` and `onError`. */
import {
  answerEach,
  eventually,
  expectRequest,
  reset as resetConnection,
  response,
  send,
} from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import type { AccessRecord, RequestInfo, ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';

const start = useProxy();

interface Finished {
  readonly record: AccessRecord;
  readonly context: RequestInfo;
}

/** The proxy, and what `onFinish` is told. */
async function bind(options: ReverseItOptions, origin?: Parameters<typeof start>[0]) {
  const finished: Finished[] = [];
  const bench = await start({
    ...origin,
    options: { onFinish: (record, context) => finished.push({ record, context }), ...options },
  });
  const ask = async (bytes = request('GET /x', ['User-Agent: test', 'A: 1', 'a: 2'])) => {
    const before = finished.length;
    const client = await bench.connect();
    const method = bytes.slice(0, bytes.indexOf(' '));
    const answer = await client.request(bytes, { method });
    const one = await eventually(() => finished[before], 'the record');
    return { answer, ...one };
  };
  return { bench, ask };
}

const theirs = {
  origin: { script: answerEach(response(200, 'ok', ['X-A: 1', 'x-a:  2', 'Server: x'])) },
};

describe('fields of both sides', () => {
  const noop = (): void => {};
  // The first is sent on in the lines of its own head where the transport can, the others are not.
  it.each<[string, ReverseItOptions]>([
    ['without hooks', {}],
    ['with a hook before', { onRequest: noop }],
    ['with a hook behind', { onResponse: noop }],
  ])('of a response of the backend, %s', async (_, options) => {
    const { ask } = await bind(options, theirs);
    const { record } = await ask();
    expect(record.requestHeaders.get('USER-AGENT')).toBe('test');
    expect(record.requestHeaders.getAll('a')).toEqual(['1', '2']);
    expect(record.requestHeaders.has('b')).toBe(false);
    expect(record.responseHeaders.getAll('x-a')).toEqual(['1', '2']);
    expect([...record.responseHeaders].filter(([name]) => name !== 'date')).toEqual([
      ['X-A', '1'],
      ['x-a', '2'],
      ['Server', 'x'],
      ['content-length', '2'],
    ]);
  });

  it('are those that hooks left', async () => {
    const { ask } = await bind(
      {
        onRequest: ({ headers }) => headers.set('User-Agent', 'changed'),
        onResponse: ({ headers }) => headers.set('Server', 'ours'),
      },
      theirs,
    );
    const { record } = await ask();
    expect(record.requestHeaders.get('user-agent')).toBe('changed');
    expect(record.responseHeaders.get('server')).toBe('ours');
  });

  it.each<[string, ReverseItOptions, string | undefined]>([
    ['a hook’s answer', { onRequest: () => ({ headers: { 'x-a': 'hook' } }) }, 'hook'],
    ['a fixed answer', { respond: { headers: { 'x-a': 'fixed' } } }, 'fixed'],
    ['a replaced response', { onResponse: () => ({ headers: { 'x-a': 'new' } }) }, 'new'],
    ['a refusal', { path: '/y', onErrorResponse: () => ({ headers: { 'x-a': 'page' } }) }, 'page'],
    ['a plain refusal', { path: '/y' }, undefined],
  ])('of %s', async (_, options, value) => {
    const { ask } = await bind(options);
    const { record } = await ask();
    expect(record.responseHeaders.get('x-a')).toBe(value);
    expect(record.responseHeaders.get('content-length')).toMatch(/^\d+$/);
  });

  it('are empty where nothing was sent', async () => {
    const finished: AccessRecord[] = [];
    const bench = await start({
      origin: { script: [expectRequest(), (c) => c.whenPeerGone()] },
      options: { onFinish: (record) => finished.push(record) },
    });
    const client = await bench.connect();
    client.send(request('GET /x'));
    await bench.origin.request();
    client.reset();
    const record = await eventually(() => finished[0], 'the record');
    expect([...record.responseHeaders]).toEqual([]);
  });

  it('are no keys of the record, so that JSON holds no credentials', async () => {
    const { ask } = await bind({});
    const { record } = await ask(request('GET /x', ['Authorization: Bearer secret']));
    expect(record.requestHeaders.get('authorization')).toBe('Bearer secret');
    expect(Object.keys(record)).not.toContain('requestHeaders');
    expect(JSON.stringify(record)).not.toContain('secret');
    expect(JSON.parse(JSON.stringify(record))).toMatchObject({ method: 'GET', attempts: 1 });
  });
});

describe('the backend', () => {
  it('is told by its origin, of the route that served', async () => {
    const { bench, ask } = await bind({
      onRequest: (_, context) => context.useRoute('other'),
      routes: [
        { path: '/' },
        { path: '/other', name: 'other', backend: 'http://127.0.0.1:1/base' },
      ],
    });
    const { record } = await ask();
    expect([record.route, record.backend]).toEqual(['other', 'http://127.0.0.1:1']);
    expect(bench.origin.connectionCount).toBe(0);
  });

  it.each<[string, ReverseItOptions]>([
    ['no route', { path: '/y' }],
    ['an answer of a hook', { onRequest: () => ({}) }],
    ['respond', { respond: {} }],
  ])('is null where none was asked: %s', async (_, options) => {
    const { ask } = await bind(options);
    const { record } = await ask();
    expect([record.backend, record.attempts]).toEqual([null, 0]);
  });

  it('attempts count the connections: a used one that had ended is one', async () => {
    const { ask } = await bind(
      {},
      {
        origin: {
          scripts: [
            [expectRequest(), send(response(200, 'first')), expectRequest(), resetConnection()],
            answerEach(response(200, 'second')),
          ],
        },
      },
    );
    expect((await ask()).record.attempts).toBe(1);
    const { answer, record } = await ask();
    expect([answer.text, record.attempts]).toEqual(['second', 2]);
  });
});

describe('the context', () => {
  it('is that of the request’s other hooks', async () => {
    const { ask } = await bind({
      onRequest: (_, context) => {
        context.data = { user: 'ada' };
      },
    });
    const { context } = await ask();
    expect(context.data).toEqual({ user: 'ada' });
    expect([context.route, context.remoteAddress, context.encrypted]).toEqual([
      '/',
      '127.0.0.1',
      false,
    ]);
    expect(context.remotePort).toBeGreaterThan(0);
    expect(context.signal.aborted).toBe(true);
  });

  it('is there where no other hook has run', async () => {
    const { ask } = await bind({ path: '/y' });
    const { context } = await ask();
    expect([context.route, context.data]).toEqual([null, undefined]);
  });

  it('is handed to onError, too', async () => {
    const seen: unknown[] = [];
    const { bench, ask } = await bind({
      onRequest: (_, context) => {
        context.data = 'shared';
        throw new Error('no');
      },
      onError: (_error, record, context) =>
        seen.push([record?.status ?? null, context?.data ?? null]),
    });
    await ask();
    const client = await bench.connect();
    await client.request('GET\r\n\r\n');
    expect(seen).toEqual([
      [500, 'shared'],
      [null, null],
    ]);
  });
});

it('a route’s own onFinish is for its own requests only', async () => {
  const names: string[] = [];
  const note = (name: string) => () => void names.push(name);
  const bench = await start({
    options: {
      routes: [
        { path: '/a', onFinish: note('a') },
        { path: '/b', onFinish: [note('b1'), note('b2')] },
        { path: '/c' },
      ],
    },
  });
  const client = await bench.connect();
  for (const target of ['/a', '/b', '/c', '/none']) await client.request(request(`GET ${target}`));
  await eventually(() => names.length === 3, 'the records');
  expect(names).toEqual(['a', 'b1', 'b2']);
});

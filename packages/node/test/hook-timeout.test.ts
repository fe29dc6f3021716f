/** `hookTimeout`, and the signal that hooks are given. */
import {
  connectRaw,
  deferred,
  eventually,
  expectRequest,
  guarded,
  send,
  turn,
} from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import type { HookContext, ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';
import { handshake } from './hook-cases.ts';

const start = useProxy();

const soon = 30;
const stuck = new Promise<never>(() => {});
const hooks = ['onRequest', 'respond', 'onResponse'] as const;

describe.each(hooks)('RFC 9110 §15.6.5: a promise of %s that never settles', (hook) => {
  async function ask(bytes: string) {
    const errors: string[] = [];
    const contexts: HookContext[] = [];
    const late = deferred();
    const bench = await start({
      options: {
        hookTimeout: soon,
        onError: ({ code, message }) => errors.push(`${code} ${message}`),
        [hook]: (_: unknown, context: HookContext) => {
          contexts.push(context);
          // It may come to an end after all, which must have no effect.
          return contexts.length === 1 && context.signal.aborted === false ? late.promise : {};
        },
      },
    });
    const client = await bench.connect();
    const answer = await client.request(bytes);
    return { client, answer, errors, contexts, late };
  }

  it.each([
    ['GET', request('GET /x')],
    ['POST', request('POST /x', ['Content-Length: 3'], 'abc')],
    ['a WebSocket', handshake],
  ])('is a 504 after hookTimeout: %s', async (_, bytes) => {
    const { answer, errors, contexts } = await ask(bytes);
    expect([answer.status, answer.text]).toEqual([504, '504 Gateway Timeout\n']);
    expect(errors).toEqual([
      `RIT_ERR_HOOK_TIMEOUT ${hook} took longer than hookTimeout (${soon} ms)`,
    ]);
    expect(contexts[0]?.signal.aborted).toBe(true);
    expect(contexts[0]?.signal.reason).toMatchObject({ code: 'RIT_ERR_HOOK_TIMEOUT' });
  });

  it.each([
    ['resolves', (late: { resolve(): void }) => late.resolve()],
    ['rejects', (late: { reject(error: Error): void }) => late.reject(new Error('late'))],
  ])('has no effect where it %s later, and the connection goes on', async (_, settle) => {
    const { client, answer, errors, late } = await ask(request('GET /x'));
    expect(answer.status).toBe(504);
    const next = client.request(request('GET /y'));
    settle(late);
    await turn();
    expect((await next).status).not.toBe(504);
    expect(errors).toHaveLength(1);
  });
});

it('is for each hook, not for all of them together', async () => {
  const pause = () => new Promise<void>((done) => setTimeout(done, 60));
  const bench = await start({
    options: { hookTimeout: 1000, onRequest: Array.from({ length: 4 }, () => pause) },
  });
  expect((await (await bench.connect()).request(request('GET /x'))).text).toBe('ok');
});

it.each([0, Number.POSITIVE_INFINITY])(
  'hookTimeout %d: no end to the wait',
  async (hookTimeout) => {
    const asked = deferred<HookContext>();
    const bench = await start({
      options: {
        hookTimeout,
        onRequest: (_, context) => {
          asked.resolve(context);
          return stuck;
        },
      },
    });
    const client = await connectRaw({ port: bench.port });
    client.send(request('GET /x'));
    const { signal } = await asked.promise;
    expect(signal.aborted).toBe(false);
    client.reset();
    await eventually(() => signal.aborted, 'the signal');
    await client.close();
  },
);

it('of a route outranks that beside routes', async () => {
  const options: ReverseItOptions = {
    hookTimeout: 0,
    onRequest: () => stuck,
    routes: [{ path: '/', hookTimeout: soon }],
  };
  const bench = await start({ options });
  expect((await (await bench.connect()).request(request('GET /x'))).status).toBe(504);
});

describe('context.signal', () => {
  const endings: readonly [name: string, reason: object, options: ReverseItOptions][] = [
    ['is aborted when the request was answered', { name: 'AbortError' }, {}],
    [
      'is aborted when a later hook threw',
      { code: 'RIT_ERR_INTERNAL', message: 'onResponse threw' },
      {
        onResponse: () => {
          throw new Error('no');
        },
      },
    ],
    [
      'is aborted when the backend failed',
      { code: 'RIT_ERR_UPSTREAM_CONNECT' },
      { backend: 'http://127.0.0.1:1' },
    ],
  ];
  it.each(endings)('%s', async (_, reason, options) => {
    const asked = deferred<AbortSignal>();
    const bench = await start({
      options: {
        ...options,
        onRequest: (_request, { signal }) => {
          expect(signal.aborted).toBe(false);
          asked.resolve(signal);
        },
      },
    });
    await (await bench.connect()).request(request('GET /x'));
    const signal = await asked.promise;
    await eventually(() => signal.aborted, 'the signal');
    expect(signal.reason).toMatchObject(reason);
  });

  it('is aborted with what the client did, where it left', async () => {
    const waiting = deferred<HookContext>();
    const bench = await start({
      origin: { script: [expectRequest(), send('HTTP/1.1 200 OK\r\n\r\nabc')] },
      options: {
        onResponse: async (_, context) => {
          waiting.resolve(context);
          await stuck;
        },
      },
    });
    const client = await connectRaw({ port: bench.port });
    client.send(request('GET /x'));
    const { signal } = await guarded(waiting.promise, 'the hook');
    client.reset();
    await eventually(() => signal.aborted, 'the signal');
    expect(signal.reason).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
    await client.close();
  });
});

/** Which hooks run, in which order, and that none beside `routes` can be passed by. */
import { eventually } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import type { HookContext, HookRequest, ReverseItOptions, RouteOptions } from '../src/index.ts';
import { bothSpoken, request, useProxy } from './harness.ts';
import { bypassCases } from './hook-cases.ts';
import { saidBy } from './http2-said.ts';

/** Both ways of a hook to answer. */
const inBothWays = [
  ['sync', (): unknown => undefined],
  ['async', (): unknown => new Promise((done) => setImmediate(done))],
] as const;

describe.each(bothSpoken)('over %s', (spoken) => {
  const start = useProxy(spoken);

  describe.each(inBothWays)('rings of hooks, %s', (_, hand) => {
    /** Hooks that write down their names. */
    function recorded() {
      const calls: string[] = [];
      const hook = (name: string) => (): never => {
        calls.push(name);
        // As JavaScript hands it back.
        return hand() as never;
      };
      const many = (ring: string) => ({
        onRequest: [hook(`${ring} request 1`), hook(`${ring} request 2`)],
        onResponse: [hook(`${ring} response 1`), hook(`${ring} response 2`)],
        onFinish: [hook(`${ring} finish`)],
      });
      return { calls, hook, many };
    }

    it('those beside routes see the request first and the response last', async () => {
      const { calls, many } = recorded();
      const { connect } = await bind({
        ...many('outer'),
        routes: [{ path: '/', ...many('inner') }],
      });
      const client = await connect();
      expect((await client.request(request('GET /x'))).text).toBe('ok');
      await eventually(() => calls.length === 10, 'all hooks');
      expect(calls).toEqual([
        'outer request 1',
        'outer request 2',
        'inner request 1',
        'inner request 2',
        'inner response 1',
        'inner response 2',
        'outer response 1',
        'outer response 2',
        'inner finish',
        'outer finish',
      ]);
    });

    it('one function, none and null are rings too', async () => {
      const { calls, hook } = recorded();
      const { connect } = await bind({
        onRequest: hook('outer'),
        routes: [
          { path: '/one', onRequest: hook('inner') },
          { path: '/none' },
          { path: '/null', onRequest: null },
          { path: '/empty', onRequest: [] },
        ],
      });
      const client = await connect();
      for (const path of ['/one', '/none', '/null', '/empty']) {
        expect((await client.request(request(`GET ${path}`))).text).toBe('ok');
      }
      expect(calls).toEqual(['outer', 'inner', 'outer', 'outer', 'outer']);
    });

    it('the first that answers ends the chain', async () => {
      const { calls, hook } = recorded();
      const answers = async () => ({ status: 403 });
      const { connect, origin } = await bind({
        onRequest: [hook('outer'), answers, hook('not run')],
        routes: [{ path: '/', onRequest: hook('not run either') }],
      });
      expect((await (await connect()).request(request('GET /x'))).status).toBe(403);
      expect(calls).toEqual(['outer']);
      expect(origin.connectionCount).toBe(0);
    });

    it('the first that throws ends the chain', async () => {
      const { calls, hook } = recorded();
      const { connect, origin } = await bind({
        onRequest: [hook('outer'), () => Promise.reject(new Error('no')), hook('not run')],
        routes: [{ path: '/', onRequest: hook('not run either') }],
      });
      expect((await (await connect()).request(request('GET /x'))).status).toBe(500);
      expect(calls).toEqual(['outer']);
      expect(origin.connectionCount).toBe(0);
    });
  });

  async function bind(options: ReverseItOptions) {
    const bench = await start({ options });
    return { connect: () => bench.client(), origin: bench.origin, bench };
  }

  describe('useRoute', () => {
    const to =
      (name: string) =>
      (_request: HookRequest, context: HookContext): void =>
        context.useRoute(name);

    /** The names of the routes whose own hooks ran, and the one that served. */
    async function visit(routes: (calls: string[]) => RouteOptions[], outer?: string) {
      const calls: string[] = [];
      const named = routes(calls).map((route) => ({
        ...route,
        respond: (_: HookRequest, context: HookContext) => ({ body: context.route }),
      }));
      const { connect } = await bind({
        ...(outer === undefined ? {} : { onRequest: [to(outer), () => void calls.push('outer')] }),
        routes: named,
      });
      const served = await (await connect()).request(request('GET /a'));
      return { calls, served: served.text };
    }
    const noting = (calls: string[], name: string) => () => void calls.push(name);

    it('runs what is left of the hooks of one route, then those of the other', async () => {
      const { calls, served } = await visit((calls) => [
        { path: '/a', name: 'a', onRequest: [noting(calls, 'a1'), to('b'), noting(calls, 'a2')] },
        { path: '/b', name: 'b', onRequest: noting(calls, 'b') },
      ]);
      expect({ calls, served }).toEqual({ calls: ['a1', 'a2', 'b'], served: 'b' });
    });

    it('beside routes: the other hooks there run, and the own ones of the chosen route only', async () => {
      const { calls, served } = await visit(
        (calls) => [
          { path: '/a', name: 'a', onRequest: noting(calls, 'a') },
          { path: '/b', name: 'b', onRequest: noting(calls, 'b') },
        ],
        'b',
      );
      expect({ calls, served }).toEqual({ calls: ['outer', 'b'], served: 'b' });
    });

    it('ends, even where routes choose each other', async () => {
      const { calls, served } = await visit((calls) => [
        { path: '/a', name: 'a', onRequest: [noting(calls, 'a'), to('b')] },
        { path: '/b', name: 'b', onRequest: [noting(calls, 'b'), to('c')] },
        { path: '/c', name: 'c', onRequest: [noting(calls, 'c'), to('a')] },
      ]);
      expect({ calls, served }).toEqual({ calls: ['a', 'b', 'c'], served: 'a' });
    });

    it.each(['respond', 'onResponse'] as const)('in %s is a 500', async (hook) => {
      const errors: string[] = [];
      const { connect } = await bind({
        [hook]: (_: unknown, context: HookContext) => context.useRoute('/'),
        onError: ({ cause, message }) =>
          errors.push(cause instanceof Error ? cause.message : message),
      });
      expect((await (await connect()).request(request('GET /'))).status).toBe(500);
      expect(errors).toEqual(['useRoute: only onRequest can select a route']);
    });
  });

  describe('a hook beside routes that refuses is never passed by', () => {
    const cases = bypassCases.filter(
      ({ bytes }) => spoken === 'HTTP/1.1' || saidBy(bytes) !== null,
    );
    it.each(cases)('$name', async ({ bytes, method, routes, onRequest }) => {
      const { connect, origin } = await bind({ onRequest, routes });
      expect((await (await connect()).request(bytes, { method })).status).toBe(401);
      expect(origin.connectionCount).toBe(0);
    });
  });

  describe('a route whose path is null', () => {
    const hidden: RouteOptions = {
      path: null,
      name: 'hidden',
      host: 'hidden.example',
      addHeaders: { 'x-route': 'hidden' },
      stripPath: '/api',
    };
    const choose = ({ headers }: HookRequest, context: HookContext): void => {
      if (headers.has('x-choose')) context.useRoute('hidden');
    };

    it('serves what hooks choose it for, and nothing else', async () => {
      const records: (string | null)[] = [];
      const { connect, origin } = await bind({
        onFinish: ({ route }) => records.push(route),
        routes: [{ path: '/api', onRequest: choose }, hidden],
      });
      const client = await connect();
      await client.request(request('GET /api/x', ['X-Choose: 1']));
      await client.request(request('GET /api/x'));
      const { status } = await client.request('GET /x HTTP/1.1\r\nHost: hidden.example\r\n\r\n');
      expect(status).toBe(404);
      expect(origin.requests.map((seen) => [seen.target, seen.header('x-route')])).toEqual([
        ['/x', 'hidden'],
        ['/api/x', undefined],
      ]);
      await eventually(() => records.length === 3, 'the records');
      expect(records).toEqual(['hidden', '/api', null]);
    });

    it('runs its own hooks', async () => {
      const own = () => ({ status: 403 });
      const { connect, origin } = await bind({
        routes: [
          { path: '/', onRequest: choose },
          { ...hidden, onRequest: own },
        ],
      });
      const client = await connect();
      const chosen = await client.request(request('GET /x', ['X-Choose: 1']));
      expect([chosen.status, origin.connectionCount]).toEqual([403, 0]);
      expect((await client.request(request('GET /x'))).text).toBe('ok');
    });
  });
});

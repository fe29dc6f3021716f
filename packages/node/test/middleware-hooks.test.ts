/** Hooks of a handler, where they differ from those of a server or could be passed by. */
import http from 'node:http';
import { answerEach, response } from '@reverseit/test-servers';
import connect from 'connect';
import express from 'express';
import { describe, expect, it } from 'vitest';
import type { ReverseItHandler } from '../src/index.ts';
import { bypassCases } from './hook-cases.ts';
import { appNotFound, hosts, request, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();

describe('a hook beside routes that refuses is never passed by', () => {
  it.each(bypassCases)('$name', async ({ bytes, routes, onRequest }) => {
    const rig = await start({
      host: async (handler) => (await hosts['node:http'](handler)).on('upgrade', handler.upgrade),
      options: { onRequest, routes },
    });
    expect((await rig.request(bytes)).status).toBe(401);
    expect(rig.origin.connectionCount).toBe(0);
  });
});

describe('onErrorResponse', () => {
  const page = (error: { readonly code: string }) => ({ body: error.code });

  it('answers what no route serves, where the application does not', async () => {
    const rig = await start({
      host: (handler) => http.createServer((asked, answer) => handler(asked, answer)),
      options: { path: '/api', onErrorResponse: page },
    });
    const answer = await rig.request(request('GET /x'));
    expect([answer.status, answer.text]).toEqual([404, 'RIT_ERR_NO_ROUTE']);
  });

  it('leaves it to the application, where that has a next', async () => {
    const rig = await start({ options: { path: '/api', onErrorResponse: page } });
    expect((await rig.request(request('GET /x'))).text).toBe(appNotFound);
  });

  it('answers a body that was read before, and what comes while the handler closes', async () => {
    const seen: string[] = [];
    const rig = await start({
      host: (handler) =>
        http.createServer(async (asked, answer) => {
          for await (const _ of asked);
          handler(asked, answer);
        }),
      options: {
        onErrorResponse: page,
        onError: ({ code }, record) => seen.push(`${code} ${record?.status}`),
      },
    });
    const consumed = await rig.request(request('POST /x', ['Content-Length: 1'], 'a'));
    expect([consumed.status, consumed.text]).toEqual([500, 'RIT_ERR_BODY_CONSUMED']);
    await rig.handler.close();
    const late = await rig.request(request('GET /x'));
    expect([late.status, late.text, late.header('retry-after')]).toEqual([
      503,
      'RIT_ERR_SHUTDOWN',
      '1',
    ]);
    expect(seen).toEqual(['RIT_ERR_BODY_CONSUMED 500', 'RIT_ERR_SHUTDOWN 503']);
  });

  it('is not shown a head that is refused', async () => {
    const rig = await start({ options: { maxRequestHeaders: 1, onErrorResponse: page } });
    const answer = await rig.request(request('GET /x', ['a: b']));
    expect([answer.status, answer.text]).toEqual([431, '431 Request Header Fields Too Large\n']);
  });

  it.each([
    ['sync', page],
    ['async', async (error: { readonly code: string }) => page(error)],
  ])('answers a body that stalls, %s', async (_, onErrorResponse) => {
    const rig = await start({ options: { requestBodyReadTimeout: 30, onErrorResponse } });
    const client = await rig.connect();
    client.send(request('POST /x', ['Content-Length: 3'], 'a'));
    const answer = await client.readResponse();
    expect([answer.status, answer.text]).toEqual([408, 'RIT_ERR_BODY_TIMEOUT']);
    await client.expectClosed();
  });
});

describe('rewriteLocation behind a mount', () => {
  const mounts: readonly [string, (handler: ReverseItHandler) => http.Server][] = [
    ['Express', (handler) => http.createServer(express().use('/x', handler))],
    [
      'Express, twice',
      (handler) => http.createServer(express().use('/x', express.Router().use('/y', handler))),
    ],
    ['Connect', (handler) => http.createServer(connect().use('/x', handler))],
  ];

  it.each(mounts)('%s', async (name, host) => {
    const mount = name.endsWith('twice') ? '/x/y' : '/x';
    const rig = await start({
      host,
      options: { stripPath: '/api' },
      origin: {
        script: answerEach((asked) =>
          response(302, '', [`Location: http://${asked.header('host')}/new`]),
        ),
      },
    });
    for (const [target, location] of [
      ['', '/new'],
      ['/', '/new'],
      ['/old?a', '/new'],
      ['/api/old', '/api/new'],
    ]) {
      const answer = await rig.request(request(`GET ${mount}${target}`));
      expect(answer.header('location')).toBe(`http://a${mount}${location}`);
    }
  });
});

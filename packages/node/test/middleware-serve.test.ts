/** The handler as a promise, and as a question. */
import http from 'node:http';
import { answerEach, deferred, eventually, guarded, response } from '@reverseit/test-servers';
import express from 'express';
import fastify from 'fastify';
import { expect, it } from 'vitest';
import { type Host, request, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();

/** Serves by the promise, and notes what became of it. */
function serving(outcomes: unknown[], parser?: express.RequestHandler): Host {
  return (handler) => {
    const app = express();
    if (parser !== undefined) app.use(parser);
    app.use(async (incoming, answer) => {
      const served = await handler.serve(incoming, answer).catch((error: unknown) => error);
      outcomes.push(served, answer.writableEnded);
      if (served !== true && !answer.headersSent) answer.status(404).end('mine');
    });
    return http.createServer(app);
  };
}

it('serve: true when the response is over, false where no route serves the request', async () => {
  const outcomes: unknown[] = [];
  const rig = await start({ options: { path: '/api' }, host: serving(outcomes) });
  expect((await rig.request(request('GET /api'))).text).toBe('ok');
  expect((await rig.request(request('GET /other'))).text).toBe('mine');
  await eventually(() => outcomes.length === 4, 'both promises to settle');
  expect(outcomes).toEqual([true, true, false, false]);
});

it('serve: true of requests that Fastify makes up itself', async () => {
  const rig = await start();
  const app = fastify();
  const outcomes: boolean[] = [];
  app.addHook('onRequest', async (incoming, reply) => {
    reply.hijack();
    outcomes.push(await rig.handler.serve(incoming.raw, reply.raw));
  });
  app.get('/', () => 'never');
  expect((await app.inject({ url: '/' })).payload).toBe('ok');
  await eventually(() => outcomes.length === 1, 'the promise to settle');
  expect(outcomes).toEqual([true]);
  await app.close();
});

it('serve: true where the client leaves', async () => {
  const outcomes: unknown[] = [];
  const rig = await start({ origin: {}, host: serving(outcomes) });
  const client = await rig.connect();
  client.send(request('GET /'));
  await (await rig.origin.connection()).expectRequest();
  client.reset();
  await eventually(() => outcomes.length > 0, 'the promise to settle');
  expect(outcomes).toEqual([true, false]);
});

it('serve: true of a response that is over already', async () => {
  const settled = deferred<boolean>();
  const rig = await start({
    host: (handler) =>
      http.createServer((incoming, answer) => {
        answer.on('close', () => handler.serve(incoming, answer).then(settled.resolve));
        answer.end('mine');
      }),
  });
  expect((await rig.request(request('GET /'))).text).toBe('mine');
  expect(await guarded(settled.promise, 'the promise to settle')).toBe(true);
});

it('RIT_ERR_BODY_CONSUMED: serve rejects, and the application answers', async () => {
  const outcomes: unknown[] = [];
  const rig = await start({ host: serving(outcomes, express.json()) });
  const json = ['Content-Type: application/json', 'Content-Length: 2'];
  expect((await rig.request(request('POST /', json, '{}'))).text).toBe('mine');
  expect(outcomes[0]).toMatchObject({ code: 'RIT_ERR_BODY_CONSUMED' });
});

it('matches: asks the routes, and does nothing', async () => {
  const told: boolean[] = [];
  const rig = await start({
    options: { routes: [{ host: 'b', path: '/api' }] },
    origin: { script: answerEach(response(200, 'ok')) },
    host: (handler) =>
      http.createServer((incoming, answer) => {
        told.push(handler.matches(incoming));
        answer.end();
      }),
  });
  await rig.request('GET /api/x HTTP/1.1\r\nHost: b\r\n\r\n');
  await rig.request('GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n');
  await rig.request('GET /x HTTP/1.1\r\nHost: b\r\n\r\n');
  expect(told).toEqual([true, false, false]);
  expect(rig.handler.stats()).toMatchObject({ totalExchanges: 0, totalRefusals: 0 });
});

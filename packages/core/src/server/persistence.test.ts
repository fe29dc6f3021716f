import { Socket } from 'node:net';
import { deferred, turn } from '@reverseit/test-servers';
import { playCase } from '@reverseit/test-servers/corpus-client';
import { loadCorpus } from '@reverseit/test-servers/load-corpus';
import { describe, expect, test, vi } from 'vitest';
import { echoTarget, Requests, request, useRig } from '../../test/server-rig.ts';
import type { RequestListener } from '../index.ts';

const start = useRig();

const corpus = loadCorpus('server');

/** Answers as a case of the corpus wants it. */
const answer: RequestListener = (exchange) => {
  if (exchange.head.target === '*') exchange.respond(204, [], '');
  else echoTarget(exchange);
};

describe('the corpus over a socket', () => {
  test.for(corpus)('$title', async (one) => {
    const rig = await start(answer, one.options);
    await playCase(one, rig.address);
    const taken = one.outcomes.filter(({ kind }) => kind === 'accept').length;
    const begun = one.outcomes.some(
      (outcome) => outcome.kind === 'refuse' && outcome.at === 'body',
    );
    const { totalExchanges } = rig.server.stats();
    if (one.outcomes.every(({ kind }) => kind !== 'incomplete')) {
      expect(totalExchanges).toBe(taken + Number(begun));
    }
  });
});

describe('persistence (RFC 9112 §9.3)', () => {
  const cases: readonly [
    name: string,
    version: string,
    connection: string,
    stays: boolean,
    says: string | undefined,
  ][] = [
    ['1.1 stays', '1.1', '', true, undefined],
    ['1.1 with close ends', '1.1', 'close', false, 'close'],
    ['1.1 with close in capitals ends', '1.1', 'CLOSE', false, 'close'],
    ['1.1 with close after a tab ends', '1.1', 'foo,\tclose\t', false, 'close'],
    ['1.0 ends', '1.0', '', false, 'close'],
    ['1.0 with keep-alive stays, and is told', '1.0', 'keep-alive', true, 'keep-alive'],
    ['1.0 with both ends', '1.0', 'keep-alive, close', false, 'close'],
  ];

  test.for(cases)('%s', async ([, version, connection, stays, says]) => {
    const rig = await start(echoTarget);
    const client = await rig.client();
    const text = `GET /x HTTP/${version}\r\nHost: a\r\n${connection && `Connection: ${connection}\r\n`}\r\n`;
    const response = await client.request(text);
    expect(response.text).toBe('/x');
    expect(response.fields.find(([name]) => name === 'connection')?.[1]).toBe(says);
    if (stays) expect((await client.request(text)).status).toBe(200);
    else await client.expectFin();
  });

  test('maxRequestsPerConnection: the last response says so', async () => {
    const rig = await start(echoTarget, { maxRequestsPerConnection: 2 });
    const client = await rig.client();
    const first = await client.request(request('GET /1'));
    expect(first.fields.some(([name]) => name === 'connection')).toBe(false);
    client.send(request('GET /2') + request('GET /3'));
    const second = await client.readResponse();
    expect(second.fields).toContainEqual(['connection', 'close']);
    await client.expectFin();
    expect(rig.server.stats().totalExchanges).toBe(2);
  });
});

describe('a client that has said close (RFC 9112 §9.6)', () => {
  const last = request('GET /1', ['Connection: close']);

  test('is not waited for when its response has left', async () => {
    const rig = await start(echoTarget);
    const client = await rig.client();
    client.send(last);
    await client.reader.takeAll();
    expect(rig.server.stats().connections).toBe(0);
  });

  test('is waited for where it sends more: RST could take its response away', async () => {
    const rig = await start(echoTarget);
    const client = await rig.client();
    client.send(last + request('GET /2'));
    expect((await client.readResponse()).text).toBe('/1');
    await client.expectFin();
    expect(rig.server.stats().connections).toBe(1);
  });
});

describe('pipelining (RFC 9112 §9.3.2)', () => {
  const targets = Array.from({ length: 50 }, (_, nth) => `/${nth}`);

  test('answered at once, in order', async () => {
    const rig = await start(echoTarget);
    const client = await rig.client();
    client.send(targets.map((target) => request(`GET ${target}`)).join(''));
    for (const target of targets) expect((await client.readResponse()).text).toBe(target);
  });

  test('answered later, in order, one at a time', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(
      targets.map((target) => request(`POST ${target}`, ['Content-Length: 1'], 'x')).join(''),
    );
    for (const [nth, target] of targets.entries()) {
      const { exchange } = await requests.next();
      expect(requests.count).toBe(nth + 1);
      expect(exchange.head.target).toBe(target);
      exchange.readBody(0);
      await turn();
      exchange.respond(200, [], target);
      expect((await client.readResponse()).text).toBe(target);
    }
  });

  test('answered in turns at once and later', async () => {
    const requests = new Requests();
    const rig = await start((exchange) => {
      if (Number(exchange.head.target.slice(1)) % 3 === 0) requests.listener(exchange);
      else echoTarget(exchange);
    });
    const client = await rig.client();
    client.send(targets.map((target) => request(`GET ${target}`)).join(''));
    client.end();
    for (const [nth, target] of targets.entries()) {
      if (nth % 3 === 0) (await requests.next()).exchange.respond(200, [], target);
      expect((await client.readResponse()).text).toBe(target);
    }
    await client.expectFin();
  });

  test('a refused request after a good one: both answers, in order, and no third', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(`${request('GET /1')}GET /2 HTTP/1.1\r\n\r\n${request('GET /3')}`);
    const { exchange } = await requests.next();
    exchange.respond(200, [], 'one');
    expect((await client.readResponse()).text).toBe('one');
    expect((await client.readResponse()).status).toBe(400);
    await client.expectFin();
    expect(requests.count).toBe(1);
    expect(rig.server.stats().totalRefusals).toBe(1);
  });

  test('byte by byte, content and all', async () => {
    const rig = await start(echoTarget);
    const client = await rig.client();
    await client.writeByBytes(
      `\r\n${request('POST /x', ['Content-Length: 3'], 'abc')}` +
        request('POST /y', ['Transfer-Encoding: chunked'], '2;e=1\r\nde\r\n0\r\nT: v\r\n\r\n') +
        request('GET /z'),
    );
    expect((await client.readResponse()).text).toBe('/x abc');
    expect((await client.readResponse()).text).toBe('/y de');
    expect((await client.readResponse()).text).toBe('/z');
  });

  test('what waits after an unanswered request is held to a bound', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const { port } = rig.address as { port: number };
    const paused = deferred();
    const { pause } = Socket.prototype;
    vi.spyOn(Socket.prototype, 'pause').mockImplementation(function (this: Socket) {
      if (this.localPort === port) paused.resolve();
      return pause.call(this);
    });
    const client = await rig.client();
    client.send(request('GET /1'));
    const { exchange } = await requests.next();
    let isPaused = false;
    void paused.promise.then(() => {
      isPaused = true;
    });
    // In small pieces, so that no single one passes the bound.
    const flood = request('GET /flood', [`X: ${'x'.repeat(960)}`]);
    let sent = 0;
    while (!isPaused && sent < 500_000) {
      await client.write(flood);
      sent += flood.length;
      await turn();
    }
    expect(isPaused).toBe(true);
    expect(sent).toBeGreaterThanOrEqual(65_536);
    expect(requests.count).toBe(1);
    exchange.respond(200, [], '');
    for (let bytes = 0; bytes < sent; bytes += flood.length) {
      expect((await client.readResponse()).status).toBe(200);
      (await requests.next()).exchange.respond(200, [], '');
    }
  });
});

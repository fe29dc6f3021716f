import { connectRaw, eventually } from '@reverseit/test-servers';
import { describe, expect, test, vi } from 'vitest';
import { echoTarget, Requests, request, useRig } from '../../test/server-rig.ts';

const start = useRig();

describe('requestHeaderTimeout', () => {
  const stages: readonly [name: string, sent: string][] = [
    ['no byte at all', ''],
    ['half of an empty line', '\r'],
    ['half a request line', 'GET / HT'],
    ['half a header section', 'GET / HTTP/1.1\r\nHost: a\r\nX'],
  ];

  test.for(stages)('%s: 408 (RFC 9110 §15.5.9)', async ([, sent]) => {
    const rig = await start(echoTarget, { requestHeaderTimeout: 40 });
    const client = await rig.client();
    client.send(sent);
    const response = await client.readResponse();
    expect(response.status).toBe(408);
    expect(response.fields).toContainEqual(['connection', 'close']);
    await client.expectFin();
    expect(rig.server.stats()).toMatchObject({ totalRefusals: 1, totalExchanges: 0 });
  });

  test('a drip of bytes does not put it off', async () => {
    const rig = await start(echoTarget, { requestHeaderTimeout: 80 });
    const client = await rig.client();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n');
    let drops = 0;
    const drip = setInterval(() => {
      drops++;
      client.send('X');
    }, 10);
    try {
      expect((await client.readResponse()).status).toBe(408);
    } finally {
      clearInterval(drip);
    }
    // Were each to put it off, the response would never have come.
    expect(drops).toBeGreaterThan(0);
  });

  test('what came before it passed is served, also after a pause of the process', async () => {
    const rig = await start(echoTarget, { requestHeaderTimeout: 300 });
    const client = await rig.client();
    await eventually(() => rig.server.stats().connections === 1, 'the connection');
    client.send(request('GET /1'));
    const end = performance.now() + 400;
    while (performance.now() < end);
    expect((await client.readResponse()).status).toBe(200);
  });

  test('the second request has one too, from its first byte', async () => {
    const rig = await start(echoTarget, { requestHeaderTimeout: 300, keepAliveTimeout: 10_000 });
    const client = await rig.client();
    expect((await client.request(request('GET /1'))).status).toBe(200);
    client.send('GET');
    expect((await client.readResponse()).status).toBe(408);
    await client.expectFin();
  });

  test('it does not run while a request is answered', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener, { requestHeaderTimeout: 300, keepAliveTimeout: 30 });
    const client = await rig.client();
    client.send(request('GET /slow'));
    const { exchange } = await requests.next();
    // Another connection's timeout passes meanwhile.
    const other = await rig.client();
    expect((await other.readResponse()).status).toBe(408);
    await other.expectFin();
    exchange.respond(200, [], 'late');
    expect((await client.readResponse()).text).toBe('late');
    await client.expectFin();
  });
});

describe('keepAliveTimeout', () => {
  test('an idle connection is closed without a word', async () => {
    const rig = await start(echoTarget, { keepAliveTimeout: 40 });
    const client = await rig.client();
    expect((await client.request(request('GET /1'))).status).toBe(200);
    await client.expectFin();
    expect(rig.server.stats().totalRefusals).toBe(0);
  });

  test('an empty line after a request does not make it a slow head (RFC 9112 §2.2)', async () => {
    const rig = await start(echoTarget, {
      keepAliveTimeout: 40,
      requestHeaderTimeout: 5000,
    });
    const client = await rig.client();
    client.send(`${request('POST /1', ['Content-Length: 1'], 'x')}\r\n`);
    expect((await client.readResponse()).status).toBe(200);
    await client.expectFin();
  });

  test('0 and Infinity mean none', async () => {
    for (const none of [0, Number.POSITIVE_INFINITY]) {
      const rig = await start(echoTarget, { keepAliveTimeout: none, requestHeaderTimeout: none });
      const client = await rig.client();
      expect((await client.request(request('GET /1'))).status).toBe(200);
      expect((await client.request(request('GET /2'))).status).toBe(200);
    }
  });
});

describe('the idle timeout of content', () => {
  test('silence is answered with 408, and the handler hears of it', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('POST /', ['Content-Length: 10'], 'abc'));
    const recorder = await requests.next();
    recorder.exchange.readBody(40);
    expect((await client.readResponse()).status).toBe(408);
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_BODY_TIMEOUT' });
    expect(recorder.body).toBe('abc');
    await client.expectFin();
  });

  test('each piece puts it off', async () => {
    // Time passes when we say so: a pause of the machine is no silence of the client.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const requests = new Requests();
      const rig = await start(requests.listener);
      const client = await rig.client();
      client.send(request('POST /', ['Content-Length: 4']));
      const recorder = await requests.next();
      recorder.exchange.readBody(500);
      for (let pieces = 1; pieces <= 3; pieces++) {
        vi.advanceTimersByTime(499);
        client.send('x');
        await recorder.until(() => recorder.body.length === pieces, 'the piece');
      }
      expect(recorder.error).toBe(null);
      vi.advanceTimersByTime(500);
      expect((await client.readResponse()).status).toBe(408);
      expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_BODY_TIMEOUT' });
    } finally {
      vi.useRealTimers();
    }
  });

  test('it rests while the handler holds the content back', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener, { requestHeaderTimeout: 300 });
    const client = await rig.client();
    client.send(request('POST /', ['Content-Length: 2'], 'x'));
    const recorder = await requests.next();
    recorder.exchange.readBody(20);
    recorder.exchange.pauseBody();
    const other = await rig.client();
    expect((await other.readResponse()).status).toBe(408);
    expect(recorder.error).toBe(null);
    recorder.exchange.readBody(0);
    client.send('y');
    await recorder.ended();
    recorder.exchange.respond(200, [], '');
    expect((await client.readResponse()).status).toBe(200);
  });

  test('after the head of a response it cuts the connection', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('POST /', ['Content-Length: 10'], 'abc'));
    const recorder = await requests.next();
    recorder.exchange.sendHead(200, '', [], null);
    recorder.exchange.readBody(40);
    await client.expectReset();
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_BODY_TIMEOUT' });
  });
});

describe('responseSendTimeout', () => {
  test('a client that reads nothing is cut off', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener, { responseSendTimeout: 100 });
    const client = await rig.client();
    client.pauseReading();
    client.send(request('GET /'));
    const recorder = await requests.next();
    const { exchange } = recorder;
    exchange.sendHead(200, '', [], null);
    recorder.flood(Buffer.alloc(65536));
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_SEND_TIMEOUT' });
    expect(exchange.done).toBe(true);
    expect(exchange.write(Buffer.alloc(1))).toBe(true);
    await eventually(() => rig.server.stats().connections === 0, 'the connection to end');
  });

  test('so is one that reads nothing of a complete response', async () => {
    const rig = await start((exchange) => exchange.respond(200, [], Buffer.alloc(50_000_000)), {
      responseSendTimeout: 100,
    });
    for (const line of ['GET /', 'GET /close']) {
      const client = await rig.client();
      client.pauseReading();
      client.send(request(line, line === 'GET /' ? [] : ['Connection: close']));
      await eventually(() => rig.server.stats().totalExchanges > 0, 'the request');
    }
    await eventually(() => rig.server.stats().connections === 0, 'both connections to end');
  });

  test('a drained client is not cut off', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener, { responseSendTimeout: 60 });
    const client = await rig.client();
    client.pauseReading();
    client.send(request('GET /'));
    const recorder = await requests.next();
    const { exchange } = recorder;
    exchange.sendHead(200, '', [], null);
    const piece = Buffer.alloc(65536);
    while (exchange.write(piece));
    client.resumeReading();
    await recorder.until(() => recorder.drains > 0, 'a drain');
    // Another connection's timeout, twice as long, passes meanwhile.
    const other = await connectRaw({ port: (rig.address as { port: number }).port });
    other.send(request('POST /', ['Content-Length: 1']));
    (await requests.next()).exchange.readBody(120);
    expect((await other.readResponse()).status).toBe(408);
    await other.close();
    exchange.end();
    expect((await client.readResponse()).status).toBe(200);
  });
});

import { eventually, turn } from '@reverseit/test-servers';
import { describe, expect, test } from 'vitest';
import { echoTarget, Requests, type Rig, request, useRig } from '../../test/server-rig.ts';

const start = useRig();

const gone = (rig: Rig): Promise<unknown> =>
  eventually(() => rig.server.stats().connections === 0, 'the connection to end');

const post = request('POST /', ['Content-Length: 10']);

describe('a client that ends its side (FIN)', () => {
  const silent: readonly [stage: string, sent: string][] = [
    ['before any byte', ''],
    ['after an empty line', '\r\n'],
    ['inside a head', 'GET / HTTP/1.1\r\nHo'],
  ];

  test.for(silent)('%s: closed without a word', async ([, sent]) => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(sent);
    client.end();
    await client.expectFin();
    await gone(rig);
    expect(requests.count).toBe(0);
  });

  test('idle, after an exchange: closed', async () => {
    const rig = await start(echoTarget);
    const client = await rig.client();
    await client.request(request('GET /'));
    client.end();
    await client.expectFin();
    await gone(rig);
  });

  test('inside a second head, after an exchange: closed without a word', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(`${request('GET /1')}GET /2 HTT`);
    client.end();
    const { exchange } = await requests.next();
    exchange.respond(200, [], '');
    await client.readResponse();
    await client.expectFin();
    await gone(rig);
  });

  test('inside the content: the exchange is cut (RFC 9112 §8)', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(`${post}abc`);
    const recorder = await requests.next();
    recorder.exchange.readBody(0);
    client.end();
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_INCOMPLETE_BODY' });
    expect(recorder.trailers).toBe(null);
    await client.expectReset();
    await gone(rig);
  });

  test('inside the content of a pipelined request: cut as soon as it is its turn', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(`${request('GET /1')}${post}abc`);
    client.end();
    const first = await requests.next();
    // The FIN has been seen: the response has begun.
    await client.reader.whenReceived(1);
    first.exchange.respond(200, [], '');
    const second = await requests.next();
    second.exchange.readBody(0);
    expect(await second.aborted()).toMatchObject({ code: 'RIT_ERR_INCOMPLETE_BODY' });
    await gone(rig);
  });

  test('while it waits for its response: answered (RFC 9112 §9.6)', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /'));
    client.end();
    const { exchange } = await requests.next();
    // The first bytes of the response are on their way already.
    await client.reader.whenReceived(2);
    exchange.sendInterim(103, ['link', '</a>']);
    await client.reader.whenReceived(20);
    exchange.respond(200, [], 'late');
    const response = await client.readResponse();
    expect([response.status, response.text, response.interim.length]).toEqual([200, 'late', 1]);
    expect(response.fields).toContainEqual(['connection', 'close']);
    await client.expectFin();
  });

  test('while it waits: a refusal arrives whole, too', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /'));
    client.end();
    const { exchange } = await requests.next();
    await client.reader.whenReceived(3);
    exchange.respond(503, [], 'no');
    const response = await client.readResponse();
    expect([response.status, response.text]).toEqual([503, 'no']);
  });

  describe('halfClose', () => {
    test('abort: the exchange is cut, and the client sees it', async () => {
      const requests = new Requests();
      const rig = await start(requests.listener, { halfClose: 'abort' });
      const client = await rig.client();
      client.send(request('GET /'));
      client.end();
      const recorder = await requests.next();
      expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
      await client.expectReset();
      await gone(rig);
    });

    test('abort: a pipelined request is cut as well, after the response before it', async () => {
      const requests = new Requests();
      const rig = await start(requests.listener, { halfClose: 'abort' });
      const client = await rig.client();
      client.send(request('GET /1') + request('GET /2'));
      const first = await requests.next();
      first.exchange.respond(200, [], 'first');
      expect((await client.readResponse()).text).toBe('first');
      const second = await requests.next();
      client.end();
      expect(await second.aborted()).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
      await gone(rig);
    });

    test('abort: an idle connection ends in good order', async () => {
      const requests = new Requests();
      const rig = await start(requests.listener, { halfClose: 'abort' });
      const client = await rig.client();
      client.end();
      await client.expectFin();
      await gone(rig);
    });

    test('allow: answered, and nothing is sent before', async () => {
      const requests = new Requests();
      const rig = await start(requests.listener, { halfClose: 'allow' });
      const client = await rig.client();
      client.send(request('GET /'));
      client.end();
      const { exchange } = await requests.next();
      // Whoever comes later is served later: by then the FIN has been seen.
      const other = await rig.client();
      other.send(request('GET /other'));
      (await requests.next()).exchange.respond(200, [], '');
      await other.readResponse();
      expect(client.reader.bytesReceived).toBe(0);
      exchange.respond(200, [], 'late');
      const response = await client.readResponse();
      expect([response.status, response.text]).toEqual([200, 'late']);
      await client.expectFin();
    });
  });

  test('with several requests on their way: all are answered, in order', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /1') + request('GET /2') + request('GET /3'));
    client.end();
    for (const target of ['/1', '/2', '/3']) {
      const { exchange } = await requests.next();
      await turn();
      exchange.respond(200, [], target);
      const response = await client.readResponse();
      expect(response.text).toBe(target);
      const closes = response.fields.some(([name]) => name === 'connection');
      expect(closes).toBe(target === '/3');
    }
    await client.expectFin();
  });

  test('while a chunked response is silent: it still gets the rest', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /'));
    const { exchange } = await requests.next();
    exchange.sendHead(200, '', [], null);
    exchange.write(Buffer.from('abc'));
    await client.reader.whenReceived(50);
    const before = client.bytesReceived;
    client.end();
    // Leading zeros of a chunk size.
    await client.reader.whenReceived(before + 2);
    exchange.write(Buffer.from('de'));
    exchange.end();
    expect((await client.readResponse()).text).toBe('abcde');
    await client.expectFin();
  });
});

describe('a client that has left: onAbort comes quickly', () => {
  const stages: readonly [stage: string, sent: string, respond: string][] = [
    ['while it waits', request('GET /'), ''],
    ['while its content is read', `${post}abc`, ''],
    ['inside a chunked response', request('GET /'), 'chunked'],
    ['inside a sized response', request('GET /'), 'sized'],
  ];

  for (const how of ['FIN', 'RST'] as const) {
    test.for(stages)(`${how} %s`, async ([, sent, respond]) => {
      const requests = new Requests();
      const rig = await start(requests.listener);
      const client = await rig.client();
      client.send(sent);
      const recorder = await requests.next();
      const { exchange } = recorder;
      exchange.readBody(0);
      if (respond !== '') {
        exchange.sendHead(
          200,
          '',
          respond === 'sized' ? ['content-length', '9'] : [],
          respond === 'sized' ? 9 : null,
        );
        exchange.write(Buffer.from('abc'));
        await client.reader.takeThrough('abc');
      }
      const begin = performance.now();
      if (how === 'RST') client.reset();
      else await client.close();
      const error = await recorder.aborted();
      expect(['RIT_ERR_CLIENT_ABORTED', 'RIT_ERR_INCOMPLETE_BODY']).toContain(error.code);
      expect(performance.now() - begin).toBeLessThan(3000);
      await gone(rig);
      expect(rig.server.stats().activeExchanges).toBe(0);
    });
  }

  test('RST before any byte, inside a head, and idle', async () => {
    const rig = await start(echoTarget);
    const clients = [await rig.client(), await rig.client(), await rig.client()];
    clients[1]?.send('GET / HT');
    await clients[2]?.request(request('GET /'));
    await eventually(() => rig.server.stats().connections === 3, 'three connections');
    for (const client of clients) client.reset();
    await gone(rig);
  });

  test('after the response to an earlier request', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /1') + request('GET /2'));
    client.end();
    const first = await requests.next();
    await client.reader.whenReceived(1);
    first.exchange.respond(200, [], 'one');
    expect((await client.readResponse()).text).toBe('one');
    const second = await requests.next();
    await client.close();
    expect(await second.aborted()).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
    await gone(rig);
  });

  test('RST with pipelined requests held', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /').repeat(20));
    const recorder = await requests.next();
    client.reset();
    await recorder.aborted();
    await gone(rig);
    expect(requests.count).toBe(1);
  });

  test('RST while it does not read', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.pauseReading();
    client.send(request('GET /'));
    const recorder = await requests.next();
    recorder.exchange.sendHead(200, '', [], null);
    recorder.flood(Buffer.alloc(65536));
    await turn();
    client.reset();
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
    await gone(rig);
  });
});

describe('a response before the end of the content', () => {
  test('little is left: it is read and dropped, and the connection stays', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(`${post}abc`);
    const first = await requests.next();
    first.exchange.respond(200, [], 'early');
    const response = await client.readResponse();
    expect(response.fields.some(([name]) => name === 'connection')).toBe(false);
    // What is dropped may look like anything.
    client.send(`GET / H${request('GET /2')}`);
    const second = await requests.next();
    expect(second.exchange.head.target).toBe('/2');
    second.exchange.respond(200, [], 'two');
    expect((await client.readResponse()).text).toBe('two');
    expect(first.chunks).toEqual([]);
    expect(first.trailers).toBe(null);
  });

  test('much is left: the response can be read, then the connection ends', async () => {
    const rig = await start((exchange) => exchange.respond(200, [], 'early'));
    const client = await rig.client();
    client.send(request('POST /', ['Content-Length: 10000000']));
    client.send(Buffer.alloc(10_000_000));
    expect((await client.readResponse()).text).toBe('early');
    await client.expectFin();
    await gone(rig);
  });

  test('a refusal can be read although the content still comes (RFC 9112 §9.6)', async () => {
    const rig = await start((exchange) => exchange.respond(413, [], 'too much'));
    const client = await rig.client();
    client.send(request('POST /', ['Content-Length: 10000000']));
    client.send(Buffer.alloc(10_000_000));
    const response = await client.readResponse();
    expect([response.status, response.text]).toEqual([413, 'too much']);
    expect(response.fields).toContainEqual(['connection', 'close']);
    await client.expectFin();
    await gone(rig);
  });

  test('malformed chunks in what is dropped end the connection, without a second response', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('POST /', ['Transfer-Encoding: chunked'], '1\r\na\r\n'));
    (await requests.next()).exchange.respond(200, [], 'early');
    expect((await client.readResponse()).text).toBe('early');
    client.send('xyz\r\n');
    await client.expectFin();
    await gone(rig);
  });

  test('FIN in what is dropped ends the connection', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(`${post}abc`);
    (await requests.next()).exchange.respond(200, [], 'early');
    expect((await client.readResponse()).text).toBe('early');
    client.end();
    await client.expectFin();
  });

  test('responding from within onBody and onBodyEnd, and resetting from there', async () => {
    const rig = await start((exchange) => {
      const { target } = exchange.head;
      exchange.handler = {
        onBody: () => {
          if (target === '/content') exchange.respond(200, [], 'in onBody');
          if (target === '/reset') exchange.reset();
        },
        onBodyEnd: () => {
          if (target === '/end') exchange.respond(200, [], 'in onBodyEnd');
          if (target === '/reset-end') exchange.reset();
        },
        onDrain: () => {},
        onAbort: () => expect.unreachable(),
      };
      exchange.readBody(0);
    });
    const chunked = (target: string): string =>
      request(`POST ${target}`, ['Transfer-Encoding: chunked'], '1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
    const client = await rig.client();
    client.send(chunked('/content') + chunked('/end') + chunked('/content'));
    expect((await client.readResponse()).text).toBe('in onBody');
    expect((await client.readResponse()).text).toBe('in onBodyEnd');
    expect((await client.readResponse()).text).toBe('in onBody');
    for (const target of ['/reset', '/reset-end']) {
      const victim = await rig.client();
      victim.send(chunked(target) + chunked('/content'));
      await victim.expectReset();
    }
    client.reset();
    await gone(rig);
    expect(rig.server.stats().activeExchanges).toBe(0);
  });
});

describe('content that breaks the protocol', () => {
  test('before a response: 400, closed, and the handler hears of it', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('POST /', ['Transfer-Encoding: chunked'], '1\r\na\r\n'));
    const recorder = await requests.next();
    recorder.exchange.readBody(0);
    await recorder.until(() => recorder.body === 'a', 'the content');
    client.send(`zz\r\n${request('GET /smuggled')}`);
    const response = await client.readResponse();
    expect(response.status).toBe(400);
    expect(response.fields).toContainEqual(['connection', 'close']);
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_CHUNK_SYNTAX' });
    await client.expectFin();
    expect(requests.count).toBe(1);
    expect(rig.server.stats().activeExchanges).toBe(0);
  });

  test('inside a response: cut', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('POST /', ['Transfer-Encoding: chunked'], '1\r\na\r\n'));
    const recorder = await requests.next();
    recorder.exchange.sendHead(200, '', [], null);
    recorder.exchange.readBody(0);
    client.send('zz\r\n');
    await client.expectReset();
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_CHUNK_SYNTAX' });
    await gone(rig);
  });

  test('trailers reach the handler, those of the response the client', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(
      request('POST /', ['Transfer-Encoding: chunked'], '1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n'),
    );
    const recorder = await requests.next();
    recorder.exchange.readBody(0);
    await recorder.ended();
    expect(recorder.trailers).toEqual(['X-Sum', '1']);
    recorder.exchange.sendHead(200, '', [], null);
    recorder.exchange.end(['x-back', '2']);
    expect((await client.readResponse()).trailers).toEqual([['x-back', '2']]);
  });
});

describe('a client whose content is not read yet', () => {
  const held = request('POST /', ['Content-Length: 1000000']) + 'c'.repeat(20_000);

  test('is seen to leave (RST)', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(held);
    const recorder = await requests.next();
    client.reset();
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
    await gone(rig);
  });
});

import { Socket } from 'node:net';
import { eventually, turn } from '@reverseit/test-servers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { echoTarget, Requests, request, useRig } from '../../../test/server-rig.ts';
import { type Exchange, HeaderSection, type RequestListener } from '../../index.ts';

const start = useRig();

afterEach(() => {
  vi.restoreAllMocks();
});

const names = (fields: readonly (readonly [string, string])[]): string[] =>
  fields.map(([name]) => name.toLowerCase());

describe('framing of responses (RFC 9112 §6)', () => {
  const stream: RequestListener = (exchange) => {
    exchange.sendHead(200, '', ['x-a', '1'], null);
    exchange.write(Buffer.from('abc'));
    exchange.write(Buffer.alloc(0));
    exchange.write(Buffer.from('de'));
    exchange.end(['x-t', 'v']);
  };

  test('unknown length goes chunked to 1.1, with trailers', async () => {
    const rig = await start(stream);
    const client = await rig.client();
    const { text, fields, trailers } = await client.request(request('GET /'));
    expect(text).toBe('abcde');
    expect(fields).toEqual([
      ['x-a', '1'],
      ['transfer-encoding', 'chunked'],
    ]);
    expect(trailers).toEqual([['x-t', 'v']]);
    expect(String(client.received)).toContain('\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-t: v\r\n\r\n');
    expect((await client.request(request('GET /'))).status).toBe(200);
  });

  test('a section that was parsed goes out as its text', async () => {
    const rig = await start((exchange) => {
      const text = 'X-A: 1\r\nContent-Length: 2\r\n';
      const headers = HeaderSection.parsed(['X-A', '1', 'Content-Length', '2'], text);
      exchange.sendHead(200, '', headers, 2);
      exchange.write(Buffer.from('ok'));
      exchange.end();
    });
    const client = await rig.client();
    expect((await client.request(request('GET /'))).text).toBe('ok');
    expect(String(client.received)).toBe(
      'HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok',
    );
  });

  test('unknown length goes until close to 1.0, without trailers', async () => {
    const rig = await start(stream);
    const client = await rig.client();
    client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(String(await client.readUntilEnd())).toBe(
      'HTTP/1.1 200 OK\r\nx-a: 1\r\nconnection: close\r\n\r\nabcde',
    );
  });

  const bodiless: readonly [name: string, line: string, status: number, framing: string][] = [
    ['HEAD with a known length', 'HEAD /', 200, 'content-length'],
    ['204', 'GET /', 204, ''],
    ['304', 'GET /', 304, 'content-length'],
  ];

  test.for(bodiless)('%s has no content (RFC 9110 §6.4.1)', async ([, line, status, framing]) => {
    const rig = await start((exchange) => exchange.respond(status, [], 'abc'));
    const client = await rig.client();
    const method = line.split(' ')[0] ?? '';
    client.send(request(line));
    const response = await client.readResponse({ method });
    expect(response.status).toBe(status);
    expect(names(response.fields).filter((name) => /content-length|transfer/.test(name))).toEqual(
      framing === '' ? [] : [framing],
    );
    // The next response is where it belongs.
    client.send(request(line));
    expect((await client.readResponse({ method })).status).toBe(status);
  });

  test('HEAD with an unknown length: no framing, and the connection stays', async () => {
    const rig = await start(stream);
    const client = await rig.client();
    for (let i = 0; i < 2; i++) {
      client.send(request('HEAD /'));
      const { fields } = await client.readResponse({ method: 'HEAD' });
      expect(names(fields)).toEqual(['x-a']);
    }
  });

  test.for([
    ['the handler gives one', ['Date', 'Sun, 06 Nov 1994 08:49:37 GMT'], /^Sun, 06 Nov 1994/],
    ['it gives none', [], /^\w{3}, \d\d \w{3} 2\d{3} /],
  ] as const)('RFC 9110 §6.6.1: one Date where %s', async ([, given, expected]) => {
    const rig = await start((exchange) => exchange.respond(200, given, ''));
    const client = await rig.client();
    const { fields } = await client.request(request('GET /'));
    const dates = fields.filter(([name]) => name.toLowerCase() === 'date');
    expect(dates).toEqual([[expect.any(String), expect.stringMatching(expected)]]);
  });

  test('latin1 in fields, UTF-8 in a text', async () => {
    const rig = await start((exchange) => exchange.respond(200, ['x-a', '\xe9\xff'], 'é'));
    const { fields, body } = await (await rig.client()).request(request('GET /'));
    expect(fields).toContainEqual(['x-a', '\xe9\xff']);
    expect([...body]).toEqual([0xc3, 0xa9]);
  });
});

describe('a response never looks complete when it is not (RFC 9112 §8)', () => {
  test('shorter than announced: cut', async () => {
    const rig = await start((exchange) => {
      exchange.sendHead(200, '', ['content-length', '10'], 10);
      exchange.write(Buffer.from('abc'));
      exchange.end();
      expect(exchange.done).toBe(true);
    });
    const client = await rig.client();
    client.send(request('GET /'));
    await client.expectReset();
  });

  test('longer than announced: misuse, and cut', async () => {
    let error: unknown;
    const rig = await start((exchange) => {
      exchange.sendHead(200, '', ['content-length', '2'], 2);
      try {
        exchange.write(Buffer.from('abc'));
      } catch (thrown) {
        error = thrown;
      }
    });
    const client = await rig.client();
    client.send(request('GET /'));
    await client.expectReset();
    expect(error).toMatchObject({ code: 'RIT_ERR_INTERNAL' });
  });

  for (const [version, how] of [
    ['1.1', 'chunked'],
    ['1.0', 'until close'],
  ] as const) {
    test(`reset, ${how}: an RST, not a FIN`, async () => {
      const requests = new Requests();
      const rig = await start(requests.listener);
      const client = await rig.client();
      client.send(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
      const recorder = await requests.next();
      recorder.exchange.sendHead(200, '', [], null);
      recorder.exchange.write(Buffer.from('abc'));
      await client.reader.takeThrough('abc');
      recorder.exchange.reset();
      recorder.exchange.reset();
      await client.expectReset();
      await eventually(() => rig.server.stats().connections === 0, 'the connection to end');
      expect(recorder.error).toBe(null);
      expect(rig.server.stats().activeExchanges).toBe(0);
    });
  }

  test('an error after the head: cut', async () => {
    const rig = await start((exchange) => {
      exchange.sendHead(200, '', [], null);
      exchange.fail(Object.assign(new (class extends Error {})(), { status: 502 }) as never);
    });
    const client = await rig.client();
    client.send(request('GET /'));
    await client.expectReset();
  });
});

describe('writes', () => {
  /** Every write that servers' sockets make from here on. */
  function spyWrites(port: () => number): string[] {
    const writes: string[] = [];
    const { write } = Socket.prototype;
    vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...args) {
      if (this.localPort === port()) {
        const [piece] = args as [string | Buffer];
        writes.push(typeof piece === 'string' ? piece : piece.toString('latin1'));
      }
      return Reflect.apply(write, this, args) as boolean;
    });
    return writes;
  }

  const cases: readonly [name: string, listener: RequestListener, expected: RegExp][] = [
    [
      'a whole response',
      (exchange) => exchange.respond(200, [], 'abc'),
      /^HTTP[\s\S]*\r\n\r\nabc$/,
    ],
    [
      'head and first piece, sized',
      (exchange) => {
        exchange.sendHead(200, '', ['content-length', '3'], 3);
        exchange.write(Buffer.from('abc'));
        exchange.end();
      },
      /^HTTP[\s\S]*\r\n\r\nabc$/,
    ],
    [
      'head and chunk',
      (exchange) => {
        exchange.sendHead(200, '', [], null);
        exchange.write(Buffer.from('abc'));
        exchange.end();
      },
      /^HTTP[\s\S]*\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/,
    ],
    ['a refusal', (exchange) => exchange.respond(404, [], ''), /^HTTP\/1.1 404 [\s\S]*\r\n\r\n$/],
  ];

  test.for(cases)('%s leaves in one write', async ([, listener, expected]) => {
    const rig = await start(listener);
    const writes = spyWrites(() => (rig.address as { port: number }).port);
    const client = await rig.client();
    await client.request(request('GET /'));
    expect(writes).toEqual([expect.stringMatching(expected)]);
  });

  test('a head waits for the end of the turn, no longer', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const writes = spyWrites(() => (rig.address as { port: number }).port);
    const client = await rig.client();
    client.send(request('GET /'));
    const { exchange } = await requests.next();
    exchange.sendHead(200, '', ['content-length', '3'], 3);
    expect(writes).toEqual([]);
    await client.readHead();
    exchange.write(Buffer.from('abc'));
    exchange.end();
    expect(String(await client.reader.take(3))).toBe('abc');
    expect(writes.length).toBe(2);
  });

  test('pipelined responses of one turn leave together', async () => {
    const rig = await start(echoTarget);
    const writes = spyWrites(() => (rig.address as { port: number }).port);
    const client = await rig.client();
    client.send(request('GET /1') + request('GET /2'));
    expect((await client.readResponse()).text).toBe('/1');
    expect((await client.readResponse()).text).toBe('/2');
    expect(writes.length).toBeLessThanOrEqual(2);
  });
});

describe('back-pressure', () => {
  test('a client that does not read: write answers false, then onDrain comes', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.pauseReading();
    client.send(request('GET /'));
    const recorder = await requests.next();
    const { exchange } = recorder;
    exchange.sendHead(200, '', [], null);
    const piece = Buffer.alloc(65536, 'x');
    let bytes = piece.length;
    while (exchange.write(piece)) bytes += piece.length;
    expect(exchange.needsDrain).toBe(true);
    await turn();
    client.resumeReading();
    await recorder.until(() => recorder.drains > 0, 'the drain');
    expect(exchange.needsDrain).toBe(false);
    exchange.end();
    expect((await client.readResponse()).bodyLength).toBe(bytes);
  });

  test('content is held back while the handler does not read it', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    const size = 30_000_000;
    client.send(request('POST /', [`Content-Length: ${size}`]));
    client.send(Buffer.alloc(size, 'x'));
    const recorder = await requests.next();
    let before = -1;
    await eventually(() => {
      const same = client.socket.writableLength === before;
      before = client.socket.writableLength;
      return same && before > 0;
    }, 'the upload to stand still');
    expect(recorder.body).toBe('');
    recorder.exchange.readBody(0);
    await recorder.until(() => recorder.chunks.length > 0, 'content');
    recorder.exchange.pauseBody();
    const pieces = recorder.chunks.length;
    await turn();
    await turn();
    // What was read already still comes, no more.
    expect(recorder.chunks.length).toBeLessThanOrEqual(pieces + 1);
    recorder.exchange.readBody(0);
    await recorder.ended();
    expect(recorder.body.length).toBe(size);
    recorder.exchange.respond(200, [], '');
    expect((await client.readResponse()).status).toBe(200);
  });

  test('what a chunk header announces is told before it comes (RFC 9112 §7.1)', async () => {
    const told: string[] = [];
    const rig = await start((exchange) => {
      exchange.handler = {
        onBody: (piece) => void told.push(piece.toString()),
        onBodyAnnounced: (length) => {
          told.push(`announced ${length}`);
          if (length > 9) exchange.respond(413, [], '');
        },
        onBodyEnd: () => {},
        onDrain: () => {},
        onAbort: () => {},
      };
      exchange.readBody(1000);
    });
    const client = await rig.client();
    client.send(request('POST /', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n7\r\n'));
    expect((await client.readResponse()).status).toBe(413);
    expect(told).toEqual(['abc', 'announced 10']);
    await client.expectFin();
  });

  test('pausing and reading again from within onBody', async () => {
    let exchange: Exchange | undefined;
    let content = '';
    const rig = await start((one) => {
      exchange = one;
      one.handler = {
        onBody(piece) {
          content += piece.toString('latin1');
          one.pauseBody();
          if (content.length % 2 === 0) one.readBody(1000);
          else setImmediate(() => one.readBody(1000));
        },
        onBodyEnd: () => one.respond(200, [], content),
        onDrain: () => {},
        onAbort: () => {},
      };
      one.readBody(1000);
    });
    const client = await rig.client();
    const chunks = Array.from('abcdefghij', (letter) => `1\r\n${letter}\r\n`).join('');
    await client.writeByBytes(
      request('POST /', ['Transfer-Encoding: chunked'], `${chunks}0\r\n\r\n`),
    );
    expect((await client.readResponse()).text).toBe('abcdefghij');
    expect(exchange?.done).toBe(true);
    client.send(request('POST /', ['Transfer-Encoding: chunked'], `${chunks}0\r\n\r\n`));
    expect((await client.readResponse()).text).toBe('abcdefghijabcdefghij');
  });

  test('a pipelined request waits until the response before it has left', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.pauseReading();
    client.send(request('GET /1') + request('GET /2'));
    const first = await requests.next();
    first.exchange.respond(200, [], Buffer.alloc(50_000_000));
    await turn();
    expect(requests.count).toBe(1);
    client.resumeReading();
    expect((await client.readResponse()).bodyLength).toBe(50_000_000);
    (await requests.next()).exchange.respond(200, [], 'two');
    expect((await client.readResponse()).text).toBe('two');
  });
});

describe('100 (Continue), RFC 9110 §10.1.1', () => {
  const expecting = request('POST /', ['Content-Length: 3', 'Expect: 100-continue']);

  test('sent once, when the content is wanted', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(expecting);
    const recorder = await requests.next();
    await turn();
    expect(client.bytesReceived).toBe(0);
    recorder.exchange.readBody(0);
    await client.reader.takeThrough('100 Continue\r\n\r\n');
    recorder.exchange.pauseBody();
    recorder.exchange.readBody(0);
    client.send('abc');
    await recorder.ended();
    recorder.exchange.respond(200, [], recorder.body);
    const response = await client.readResponse();
    expect(response.interim).toEqual([]);
    expect(response.text).toBe('abc');
    // And the connection is as good as before.
    client.send(request('GET /'));
    (await requests.next()).exchange.respond(200, [], '');
    expect((await client.readResponse()).status).toBe(200);
  });

  test('not sent when the content has begun to arrive', async () => {
    const rig = await start(echoTarget);
    const client = await rig.client();
    client.send(`${expecting}abc`);
    const response = await client.readResponse();
    expect([response.text, response.interim]).toEqual(['/ abc', []]);
  });

  test('not sent to HTTP/1.0', async () => {
    const rig = await start(echoTarget);
    const client = await rig.client();
    client.send('POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n');
    await turn();
    client.send('abc');
    const response = await client.readResponse();
    expect([response.text, response.interim]).toEqual(['/ abc', []]);
  });

  for (const status of [200, 413]) {
    test(`not sent with an early ${status}, which says that the connection closes`, async () => {
      const rig = await start((exchange) => exchange.respond(status, [], ''));
      const client = await rig.client();
      client.send(expecting);
      const response = await client.readResponse();
      expect([response.status, response.interim]).toEqual([status, []]);
      expect(response.fields).toContainEqual(['connection', 'close']);
      // What comes now may be content or a request; it must be read as neither.
      client.send(request('GET /smuggled'));
      await client.expectFin();
      expect(rig.server.stats().totalExchanges).toBe(1);
    });
  }

  test('content that is asked for after the final head gets no 100', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(expecting);
    const { exchange } = await requests.next();
    exchange.sendHead(200, '', [], null);
    exchange.readBody(0);
    exchange.end();
    expect((await client.readResponse()).interim).toEqual([]);
    await client.expectFin();
  });

  test('interim responses go to 1.1 only, and not after the final head', async () => {
    const rig = await start((exchange) => {
      exchange.sendInterim(103, ['link', '</a>']);
      exchange.respond(200, [], '');
      exchange.sendInterim(103, []);
    });
    const client = await rig.client();
    const modern = await client.request(request('GET /'));
    expect(modern.interim.map(({ status, fields }) => [status, fields])).toEqual([
      [103, [['link', '</a>']]],
    ]);
    expect((await client.request('GET / HTTP/1.0\r\n\r\n')).interim).toEqual([]);
    await client.expectFin();
  });
});

const twice = (act: () => void): void => {
  act();
  act();
};

describe('misuse is refused', () => {
  const cases: readonly [name: string, (exchange: Exchange) => void][] = [
    ['two final heads', (e) => twice(() => e.sendHead(200, '', [], null))],
    ['a head after the end', (e) => twice(() => e.respond(200, [], ''))],
    ['content before the head', (e) => e.write(Buffer.from('x'))],
    ['the end before the head', (e) => e.end()],
    ['an interim status as a final one', (e) => e.respond(103, [], '')],
    ['a status that is none', (e) => e.respond(600, [], '')],
    ['a status that is no integer', (e) => e.respond(200.5, [], '')],
    ['a CR in a value', (e) => e.respond(200, ['x', 'a\rb'], '')],
    ['an LF in a value', (e) => e.respond(200, ['x', 'a\nset-cookie: b'], '')],
    ['a NUL in a value', (e) => e.respond(200, ['x', 'a\0b'], '')],
    [
      'a character beyond latin1 that would become LF',
      (e) => e.respond(200, ['x', 'a\u010ab'], ''),
    ],
    ['a space in a name', (e) => e.respond(200, ['x y', 'a'], '')],
    ['an empty name', (e) => e.respond(200, ['', 'a'], '')],
    ['a colon in a name', (e) => e.respond(200, ['x:', 'a'], '')],
    ['a name without a value', (e) => e.respond(200, ['x'], '')],
    ['a second content-length', (e) => e.respond(200, ['Content-Length', '1'], 'abc')],
    ['a transfer-encoding', (e) => e.respond(200, ['transfer-encoding', 'chunked'], '')],
    ['an LF in a reason', (e) => e.sendHead(200, 'OK\nx: y', [], 0)],
    ['a switch that was not offered', (e) => e.switchProtocols([], null as never)],
  ];

  test.for(cases)('%s', async ([, act]) => {
    let error: unknown;
    const rig = await start((exchange) => {
      try {
        act(exchange);
      } catch (thrown) {
        error = thrown;
      }
      if (!exchange.headSent) exchange.respond(500, [], '');
      else if (!exchange.done) exchange.end();
    });
    const client = await rig.client();
    const { status, fields } = await client.request(request('GET /'));
    expect(error).toMatchObject({ code: 'RIT_ERR_INTERNAL', name: 'StateError' });
    expect([200, 500]).toContain(status);
    expect(names(fields)).not.toContain('set-cookie');
    // The connection still answers, in step.
    expect((await client.request(request('GET /'))).status).toBe(status);
  });

  test('a finished exchange has no hold on the connection any more', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /1') + request('POST /2', ['Content-Length: 3'], 'a'));
    const first = await requests.next();
    first.exchange.respond(200, [], '');
    const second = await requests.next();
    second.exchange.readBody(0);
    first.exchange.pauseBody();
    first.exchange.readBody(1);
    first.exchange.reset();
    first.exchange.end();
    client.send('bc');
    await second.ended();
    second.exchange.respond(200, [], second.body);
    expect((await client.readResponse()).text).toBe('');
    expect((await client.readResponse()).text).toBe('abc');
  });

  test('an exchange whose client has left takes everything in silence', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /'));
    const recorder = await requests.next();
    client.reset();
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
    const { exchange } = recorder;
    exchange.readBody(1);
    exchange.pauseBody();
    exchange.sendInterim(103, []);
    exchange.sendHead(200, '', [], null);
    expect(exchange.write(Buffer.from('x'))).toBe(true);
    exchange.end();
    exchange.respond(200, [], '');
    exchange.reset();
    expect(exchange.done).toBe(true);
    expect(rig.server.stats().activeExchanges).toBe(0);
  });
});

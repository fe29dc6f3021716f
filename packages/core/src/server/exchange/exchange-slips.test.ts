/** Slips of those who write listeners: their client gets 500 where it still can, and the process goes on. */
import { eventually, turn } from '@reverseit/test-servers';
import { describe, expect, test, vi } from 'vitest';
import { Recorder, request, useRig } from '../../../test/server-rig.ts';
import {
  createError,
  createHttpServer,
  type Exchange,
  noopHandler,
  type RequestListener,
  type ReverseItError,
} from '../../index.ts';

const start = useRig();
const slip = new Error('a slip');
const fails = (): never => {
  throw slip;
};

/** A server whose errors are collected. */
async function startTold(listener: RequestListener) {
  const told: ReverseItError[] = [];
  const rig = await start(listener, { onError: (error) => told.push(error) });
  return { rig, told };
}

const facts = ({ code, message, cause }: ReverseItError) => [code, message, cause];

describe('createHttpServer', () => {
  test.for<[name: string, make: () => unknown, message: string]>([
    [
      'no listener',
      () => createHttpServer({}, undefined as never),
      'invalid option listener: undefined is not accepted; expected a function (exchange)',
    ],
    [
      'a listener that is none',
      () => createHttpServer({}, {} as never),
      'invalid option listener: an object is not accepted; expected a function (exchange)',
    ],
    [
      'a listener in place of the options',
      () => createHttpServer((() => {}) as never, undefined as never),
      '2 invalid options:',
    ],
    [
      'an onError that is none',
      () => createHttpServer({ onError: 1 as never }, () => {}),
      'invalid option onError: 1 is not accepted; expected a function (error, rejected, request)',
    ],
    [
      'all that is wrong at once',
      () => createHttpServer({ keepAliveTimeout: '1s' as never }, null as never),
      '2 invalid options:',
    ],
  ])('%s', ([, make, message]) => {
    expect(make).toThrow(expect.objectContaining({ code: 'RIT_ERR_CONFIG' }));
    expect(make).toThrow(message);
  });
});

const rejects = (): Promise<never> => Promise.reject(slip);
const thenable = {
  // biome-ignore lint/suspicious/noThenProperty: what libraries hand out in place of promises
  then: (_: unknown, reject: (reason: unknown) => void) => reject(slip),
};

describe('a listener that', () => {
  test.for<[name: string, listener: RequestListener]>([
    ['throws', fails],
    ['rejects', rejects],
    ['rejects later', () => turn().then(fails)],
    ['hands back a thenable that fails', () => thenable],
    [
      'sets a handler before',
      (exchange) => {
        exchange.handler = noopHandler;
        fails();
      },
    ],
  ])('%s: 500, told with its cause', async ([, listener]) => {
    const { rig, told } = await startTold(listener);
    for (let nth = 0; nth < 2; nth++) {
      const client = await rig.client();
      const { status, text } = await client.request(request('GET /'));
      expect([status, text]).toEqual([500, '500 Internal Server Error\n']);
      await client.expectFin();
    }
    const one = ['RIT_ERR_INTERNAL', 'the request listener threw', slip];
    expect(told.map(facts)).toEqual([one, one]);
    await eventually(() => rig.server.stats().connections === 0, 'the connections to end');
    expect(rig.server.stats().activeExchanges).toBe(0);
  });

  test('throws an error of ours: what that one answers', async () => {
    const { rig, told } = await startTold(() => {
      throw createError('RIT_ERR_BODY_TOO_LARGE');
    });
    expect((await (await rig.client()).request(request('GET /'))).status).toBe(413);
    expect(told.map(({ code }) => code)).toEqual(['RIT_ERR_BODY_TOO_LARGE']);
  });

  test('throws after a whole response: that stands', async () => {
    const { rig, told } = await startTold((exchange) => {
      exchange.respond(200, [], 'ok');
      fails();
    });
    const client = await rig.client();
    for (let nth = 0; nth < 2; nth++) {
      expect((await client.request(request('GET /'))).text).toBe('ok');
    }
    expect(told).toHaveLength(2);
  });

  test('throws after a head: the response is cut', async () => {
    const { rig, told } = await startTold((exchange) => {
      exchange.sendHead(200, '', [], null);
      exchange.write(Buffer.from('abc'));
      fails();
    });
    const client = await rig.client();
    client.send(request('GET /'));
    await client.expectReset();
    expect(told).toHaveLength(1);
  });

  test('rejects when another request is under way: that one goes on', async () => {
    let reject: (() => void) | undefined;
    const { rig, told } = await startTold((exchange) => {
      exchange.respond(200, [], exchange.head.target);
      if (exchange.head.target !== '/1') return;
      return new Promise<void>((_, no) => {
        reject = () => no(slip);
      });
    });
    const client = await rig.client();
    expect((await client.request(request('GET /1'))).text).toBe('/1');
    client.send('GET /2 HTTP/1.1\r\n');
    reject?.();
    await turn();
    client.send('Host: a\r\n\r\n');
    expect((await client.readResponse()).text).toBe('/2');
    expect(told).toHaveLength(1);
  });
});

describe('a handler', () => {
  const ways: readonly [string, () => unknown][] = [
    ['throws', fails],
    ['rejects', rejects],
    ['rejects later', () => turn().then(fails)],
  ];
  const methods = ['onBody', 'onBodyEnd'] as const;
  const cases = methods.flatMap((method) =>
    ways.map(([name, act]) => ({ method, name, act: act as () => never })),
  );

  test.for(cases)('whose $method $name: 500, and it hears of the end', async ({ method, act }) => {
    let handler: Recorder | null = null;
    const { rig, told } = await startTold((exchange) => {
      handler = Object.assign(new Recorder(exchange), { [method]: act });
      exchange.readBody(0);
    });
    const client = await rig.client();
    const { status } = await client.request(request('POST /', ['Content-Length: 3'], 'abc'));
    expect(status).toBe(500);
    await client.expectFin();
    expect(told.map(facts)).toEqual([['RIT_ERR_INTERNAL', `${method} threw`, slip]]);
    expect((handler as Recorder | null)?.error).toBe(told[0]);
    expect(rig.server.stats().activeExchanges).toBe(0);
  });

  test.for(ways)('whose onBodyAnnounced %s: 500', async ([, act]) => {
    const { rig, told } = await startTold((exchange) => {
      exchange.handler = { ...noopHandler, onBodyAnnounced: act as () => never };
      exchange.readBody(0);
    });
    const client = await rig.client();
    const chunked = request('POST /', ['Transfer-Encoding: chunked'], '5\r\nab');
    expect((await client.request(chunked)).status).toBe(500);
    await client.expectFin();
    expect(told.map(facts)).toEqual([['RIT_ERR_INTERNAL', 'onBodyAnnounced threw', slip]]);
    expect(rig.server.stats().activeExchanges).toBe(0);
  });

  test.for(ways)('whose onDrain %s: the response is cut', async ([, act]) => {
    const { rig, told } = await startTold((exchange) => {
      exchange.handler = { ...noopHandler, onDrain: act as () => never };
      exchange.sendHead(200, '', [], null);
      while (exchange.write(Buffer.alloc(65536)));
    });
    const client = await rig.client();
    client.send(request('GET /'));
    await client.readHead();
    await client.reader.drain();
    await eventually(() => rig.server.stats().activeExchanges === 0, 'the exchange to end');
    expect(told.map(facts)).toEqual([['RIT_ERR_INTERNAL', 'onDrain threw', slip]]);
  });

  test.for(ways)('whose onAbort %s: that is told', async ([, act]) => {
    const { rig, told } = await startTold((exchange) => {
      exchange.handler = { ...noopHandler, onAbort: act as () => never };
    });
    const client = await rig.client();
    client.send(request('GET /'));
    await eventually(() => rig.server.stats().activeExchanges === 1, 'the request');
    client.reset();
    await eventually(() => told.length > 0, 'the error');
    expect(told.map(facts)).toEqual([['RIT_ERR_INTERNAL', 'onAbort threw', slip]]);
  });

  test.for<[string, unknown]>([
    ['is null', null],
    ['is undefined', undefined],
    ['lacks methods', {}],
  ])('that %s: 500', async ([, handler]) => {
    const { rig, told } = await startTold((exchange) => {
      exchange.handler = handler as never;
      exchange.readBody(0);
    });
    const client = await rig.client();
    const { status } = await client.request(request('POST /', ['Content-Length: 3'], 'abc'));
    expect(status).toBe(500);
    expect(told[0]).toMatchObject({ code: 'RIT_ERR_INTERNAL', message: 'onBody threw' });
  });
});

/** A call as JavaScript could make it, and what the error says. */
type Slip = readonly [name: string, act: (exchange: Loose) => unknown, message: string];
type Loose = { readonly [K in keyof Exchange]: (...args: unknown[]) => unknown };

const noFields = 'exchange: expected fields as a list [name, value, …], got ';
const slips: readonly Slip[] = [
  ['respond(200)', (e) => e.respond(200), `${noFields}undefined`],
  ['respond(200, {})', (e) => e.respond(200, { a: 'b' }, ''), `${noFields}an object`],
  ['respond(200, text)', (e) => e.respond(200, 'hello'), `${noFields}a string of 5 characters`],
  [
    'respond without a body',
    (e) => e.respond(200, []),
    'exchange: expected a body as a string or a Buffer, got undefined',
  ],
  [
    'respond with an object',
    (e) => e.respond(200, [], { a: 1 }),
    'exchange: expected a body as a string or a Buffer, got an object',
  ],
  [
    'respond with a name alone',
    (e) => e.respond(200, ['a'], ''),
    'exchange: fields must hold a value for each name',
  ],
  [
    'respond with pairs',
    (e) =>
      e.respond(
        200,
        [
          ['a', 'b'],
          ['c', 'd'],
        ],
        '',
      ),
    'invalid header name (RFC 9110 §5.1)',
  ],
  [
    'respond("200")',
    (e) => e.respond('200', [], ''),
    'exchange: the status of a final response must be an integer from 200 to 599',
  ],
  [
    'respond(NaN)',
    (e) => e.respond(Number.NaN, [], ''),
    'exchange: the status of a final response must be an integer from 200 to 599',
  ],
  ['respond()', (e) => e.respond(), `${noFields}undefined`],
  [
    'sendHead(200)',
    (e) => e.sendHead(200),
    'exchange: expected a reason phrase, such as "", got undefined',
  ],
  ['sendHead(200, "")', (e) => e.sendHead(200, ''), `${noFields}undefined`],
  [
    'sendHead without a length',
    (e) => e.sendHead(200, '', []),
    'exchange: expected a content length in bytes, or null if unknown, got undefined',
  ],
  [
    'sendHead with a length that is none',
    (e) => e.sendHead(200, '', [], -1),
    'exchange: expected a content length in bytes, or null if unknown, got a number',
  ],
  [
    'sendInterim(200)',
    (e) => e.sendInterim(200, []),
    'exchange: an interim status must be an integer from 100 to 199 other than 101',
  ],
  [
    'sendInterim(101)',
    (e) => e.sendInterim(101, []),
    'exchange: an interim status must be an integer from 100 to 199 other than 101',
  ],
  ['sendInterim(103)', (e) => e.sendInterim(103), `${noFields}undefined`],
  [
    'readBody()',
    (e) => e.readBody(),
    'exchange: expected a time in ms for readBody, 0 for none, got undefined',
  ],
  [
    'readBody("5")',
    (e) => e.readBody('5'),
    'exchange: expected a time in ms for readBody, 0 for none, got a string of 1 characters',
  ],
  [
    'setEarlyDataLimit(NaN)',
    (e) => e.setEarlyDataLimit(Number.NaN),
    'exchange: expected a number of bytes, got a number',
  ],
  [
    'switchProtocols without a tunnel',
    (e) => e.switchProtocols([]),
    'exchange: expected a tunnel {shutdown, destroy}, got undefined',
  ],
  [
    'write(text)',
    (e) => e.write('a'),
    'exchange: expected body data as a Buffer, got a string of 1 characters',
  ],
  ['write()', (e) => e.write(), 'exchange: expected body data as a Buffer, got undefined'],
  ['end(text)', (e) => e.end('bye'), `${noFields}a string of 3 characters`],
];

describe('RIT_ERR_INTERNAL, thrown at the call, and 500 for the client', () => {
  test.for(slips)('%s', async ([, act, message]) => {
    const { rig, told } = await startTold((exchange) => act(exchange as unknown as Loose) as never);
    const client = await rig.client();
    expect((await client.request(request('GET /'))).status).toBe(500);
    await client.expectFin();
    expect(told.map(({ code, name, message }) => [code, name, message])).toEqual([
      ['RIT_ERR_INTERNAL', 'StateError', message],
    ]);
  });

  test.for<[string, unknown]>([
    ['an Error', slip],
    ['nothing', undefined],
    ['a text', 'no'],
  ])('fail with %s is an error of ours', async ([, cause]) => {
    const { rig } = await startTold((exchange) => exchange.fail(cause as never));
    expect((await (await rig.client()).request(request('GET /'))).status).toBe(500);
  });

  test('a body of plain bytes is none', async () => {
    const { rig, told } = await startTold((exchange) =>
      exchange.respond(200, [], new Uint8Array([0x61, 0x62]).subarray(1)),
    );
    expect((await (await rig.client()).request(request('GET /'))).text).toBe('b');
    expect(told).toEqual([]);
  });
});

describe('who is told of errors', () => {
  test('may fail by itself', async () => {
    for (const onError of [fails, rejects as () => never]) {
      const rig = await start(fails, { onError });
      const client = await rig.client();
      expect((await client.request(request('GET /'))).status).toBe(500);
    }
  });

  test('hears of refusals before there is an exchange', async () => {
    const { rig, told } = await startTold(fails);
    expect((await (await rig.client()).request('GET\r\n\r\n')).status).toBe(400);
    expect(told.map(({ code }) => code)).toEqual(['RIT_ERR_REQUEST_LINE']);
  });

  test('is the process where there is nobody: one warning, however many errors', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const rig = await start(fails);
    for (let nth = 0; nth < 5; nth++) await (await rig.client()).request(request('GET /'));
    expect((await (await rig.client()).request('GET\r\n\r\n')).status).toBe(400);
    expect(warn.mock.calls).toEqual([
      [
        'the request listener threw; pass onError to createHttpServer to handle each error',
        { type: 'ReverseItWarning', code: 'RIT_ERR_INTERNAL', detail: slip.stack },
      ],
    ]);
  });
});

test('a tunnel that throws does not keep the server from closing', async () => {
  const handshake = request('GET /', ['Connection: Upgrade', 'Upgrade: x']);
  const { rig, told } = await startTold((exchange) => {
    setImmediate(() => {
      const fields = ['connection', 'upgrade', 'upgrade', 'x'];
      exchange.switchProtocols(fields, { shutdown: fails, destroy: fails });
    });
  });
  const client = await rig.client();
  client.send(handshake);
  await client.reader.takeThrough('\r\n\r\n');
  await rig.server.close({ timeout: 0 });
  expect(told.map(({ message }) => message)).toEqual(['a tunnel threw', 'a tunnel threw']);
});

/** What becomes of an answer that `onRequest` or `respond` gives: it is sent, or it is a 500. */
import {
  connectRaw,
  deferred,
  expectRequest,
  send,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import {
  createServer,
  type DirectResponse,
  type OnRequest,
  type OnResponse,
  type ReverseItOptions,
} from '../src/index.ts';

useCensus();
const use = useCleanup();

/** The status line and content of the answer, and what was logged. */
async function ask(
  onRequest: unknown,
  options: ReverseItOptions = {},
): Promise<{ answer: string; errors: string[] }> {
  const errors: string[] = [];
  const proxy = use(
    createServer({
      logger: null,
      backend: 'http://127.0.0.1:1',
      // As JavaScript could hand it in.
      onRequest: onRequest as OnRequest,
      onError: ({ message }) => errors.push(message),
      ...options,
    }),
  );
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const client = use(await connectRaw({ port: 'port' in address ? address.port : 0 }));
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const { status, text } = await client.readResponse();
  return { answer: `${status} ${text}`, errors };
}

const refused = '500 500 Internal Server Error\n';

describe('an answer', () => {
  it.each<[string, unknown, string]>([
    ['nothing but {}', () => ({}), '200 '],
    ['status and body', () => ({ status: 401, body: 'no\n' }), '401 no\n'],
    ['bytes', () => ({ body: Buffer.from('bytes') }), '200 bytes'],
    ['of a promise', async () => ({ status: 403 }), '403 '],
  ])('%s', async (_, hook, answer) => {
    expect(await ask(hook)).toEqual({ answer, errors: [] });
  });
});

const status401 = { status: 401 };
// biome-ignore lint/suspicious/noThenProperty: what libraries hand out in place of promises
const thenable = { then: (resolve: (value: unknown) => void) => resolve(status401) };
const failing = {
  // biome-ignore lint/suspicious/noThenProperty: as above
  then: (_: unknown, reject: (reason: unknown) => void) => reject(new Error('no')),
};

describe('a thenable is awaited like a promise', () => {
  it.each<[string, unknown, string]>([
    ['an object', () => thenable, '401 '],
    ['an object of a class', () => Object.create(thenable), '401 '],
    ['a function', () => Object.assign(() => {}, thenable), '401 '],
  ])('%s', async (_, hook, answer) => {
    expect(await ask(hook)).toEqual({ answer, errors: [] });
  });

  it('that fails: 500', async () => {
    expect(await ask(() => failing)).toEqual({ answer: refused, errors: ['onRequest threw'] });
  });
});

const none = 'onRequest returned an invalid response:';
const whole = `${none} expected a response {status, headers, body}`;
const misspelt = `${none} statusCode: expected only the keys status, headers and body`;

describe('what is no answer is a 500, never a 200', () => {
  it.each<[string, unknown, string]>([
    ['false', () => false, whole],
    ['a text', () => 'Unauthorized', whole],
    ['a Response of fetch', () => new Response('no', { status: 401 }), whole],
    ['a key that is not known', () => ({ statusCode: 401 }), misspelt],
    ['the same of a promise', async () => ({ statusCode: 401 }), misspelt],
    [
      'a status that is none',
      () => ({ status: '401' }),
      `${none} status: expected a whole number from 200 to 599`,
    ],
    ['a body that is none', () => ({ body: {} }), `${none} body: expected a string or a Buffer`],
    [
      'Headers of fetch',
      () => ({ headers: new Headers({ a: 'b' }) }),
      `${none} headers: expected an object {name: value or array of values}`,
    ],
    [
      'a field name that is none',
      () => ({ headers: { 'a b': 'c' } }),
      `${none} headers["a b"]: expected a header name (RFC 9110 §5.1)`,
    ],
    [
      'a line break in a field value',
      () => ({ headers: { location: '/\r\nset-cookie: a=b' } }),
      `${none} headers.location: expected a header value (RFC 9110 §5.5) or an array of these`,
    ],
  ])('%s', async (_, hook, message) => {
    expect(await ask(hook)).toEqual({ answer: refused, errors: [message] });
  });
});

describe('a fixed answer is checked at start', () => {
  it.each<[string, unknown, string]>([
    ['status', { status: 999 }, 'respond.status: 999 is not accepted; expected a whole number'],
    ['key', { statusCode: 401 }, 'respond.statusCode: 401 is not accepted; expected only the keys'],
    ['body', { body: 1 }, 'respond.body: 1 is not accepted; expected a string or a Buffer'],
    ['field name', { headers: { 'a b': 'c' } }, 'respond.headers["a b"]: '],
    ['field value', { headers: { a: '\n' } }, 'respond.headers.a: a string of 1 characters is not'],
    ['whole', [], 'respond: [] is not accepted; expected {status, headers, body} or'],
  ])('%s', (_, respond, message) => {
    const start = () => createServer({ respond: respond as DirectResponse });
    expect(start).toThrow(expect.objectContaining({ code: 'RIT_ERR_CONFIG' }));
    expect(start).toThrow(`invalid option ${message}`);
  });

  it('and kept as it was then', async () => {
    const respond: { status: number } = { status: 200 };
    const proxy = use(createServer({ respond }));
    respond.status = 999;
    const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
    const client = use(await connectRaw({ port: 'port' in address ? address.port : 0 }));
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.readResponse()).status).toBe(200);
  });
});

describe('a hook that throws', () => {
  it.each<[string, OnRequest]>([
    [
      'at once',
      () => {
        throw new Error('no');
      },
    ],
    ['later', () => Promise.reject(new Error('no'))],
    ['for a route that is not there', (_, context) => context.useRoute('missing')],
  ])('%s: 500, it is named, and its signal is aborted', async (_, hook) => {
    let signal: AbortSignal | undefined;
    const { answer, errors } = await ask((...[request, context]: Parameters<OnRequest>) => {
      signal = context.signal;
      return hook(request, context);
    });
    expect(answer).toBe(refused);
    expect(errors).toEqual(['onRequest threw']);
    expect(signal?.aborted).toBe(true);
  });

  it('respond: 500, and it is named', async () => {
    const respond = () => {
      throw new Error('no');
    };
    const { answer, errors } = await ask(undefined, { respond });
    expect({ answer, errors }).toEqual({ answer: refused, errors: ['respond threw'] });
  });
});

describe('onResponse', () => {
  it.each<[string, OnResponse, string, string[]]>([
    ['awaits a thenable', ({ headers }) => later(() => headers.set('a', 'b')), '200 late', []],
    [
      'a thenable that fails: 500, and it is named',
      () => failing as never,
      refused,
      ['onResponse threw'],
    ],
  ])('%s', async (_, onResponse, expected, messages) => {
    const backend = use(
      await startScriptedOrigin({
        script: [expectRequest(), send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate')],
      }),
    );
    const { answer, errors } = await ask(undefined, {
      backend: `http://127.0.0.1:${backend.port}`,
      onResponse,
    });
    expect({ answer, errors }).toEqual({ answer: expected, errors: messages });
  });
});

/** A thenable that is no promise, and is settled later. */
const later = (act: () => void): PromiseLike<void> => {
  const promise = Promise.resolve().then(act);
  // biome-ignore lint/suspicious/noThenProperty: as above
  return { then: promise.then.bind(promise) };
};

describe('what only watches may fail: that is logged, and the process goes on', () => {
  const silent = () => {};
  const watching: readonly [hook: string, options: (fails: () => never) => ReverseItOptions][] = [
    ['onFinish', (fails) => ({ respond: {}, onFinish: fails })],
    ['onError', (fails) => ({ path: '/none', respond: {}, onError: fails })],
  ];
  const ways: readonly [name: string, fails: () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['hands back a thenable that fails', () => failing],
  ];
  const all = watching.flatMap(([hook, options]) =>
    ways.map(([name, fails]) => ({ hook, name, options, fails })),
  );

  it.each(all)('$hook $name', async ({ hook, options, fails }) => {
    const failed = deferred<string>();
    const other = deferred();
    const error = (_: object, message: string) => failed.resolve(message);
    const given = options(fails as () => never);
    const [, hooks] = Object.entries(given).find(([key]) => key === hook) ?? [];
    await ask(undefined, {
      ...given,
      // The others hear of it none the less.
      [hook]: [hooks, () => other.resolve()],
      logger: { debug: silent, info: silent, warn: silent, error },
    });
    expect(await failed.promise).toBe(`${hook} threw`);
    await other.promise;
  });
});

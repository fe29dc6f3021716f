/** The option `requestId`: an id made or kept, and everywhere it has to be. */
import {
  answerEach,
  eventually,
  expectRequest,
  guarded,
  response,
  send,
} from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import {
  type AccessRecord,
  createServer,
  type Logger,
  type ReverseItOptions,
} from '../src/index.ts';
import { type ProxySetup, request, useProxy } from './harness.ts';

const start = useProxy();
const made = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function bind(options: ReverseItOptions, setup: Omit<ProxySetup, 'options'> = {}) {
  const records: AccessRecord[] = [];
  const bench = await start({
    ...setup,
    options: {
      requestId: true,
      onFinish: (record, context) => {
        expect(context.requestId).toBe(record.requestId);
        records.push(record);
      },
      ...options,
    },
  });
  const ask = async (fields: readonly string[] = [], line = 'GET /x') => {
    const client = await bench.connect();
    const answer = await client.request(request(line, fields));
    return { answer, ids: idsIn(answer.fields) };
  };
  const record = () => eventually(() => records[0], 'the record');
  return { bench, ask, record, records };
}

const idsIn = (fields: readonly (readonly [string, string])[], header = 'x-request-id') =>
  fields.filter(([name]) => name.toLowerCase() === header).map(([, value]) => value);

const headerName = 'X-Request-Id';
const longest = 'a'.repeat(128);

describe('which id it is', () => {
  it.each<[name: string, trust: boolean, given: readonly string[], kept: string | null]>([
    ['none given', true, [], null],
    ['one given, not trusted', false, [`${headerName}: abc`], null],
    ['one given, trusted', true, [`${headerName}: a-b.C_9~+/=:@`], 'a-b.C_9~+/=:@'],
    ['of the greatest length', true, [`${headerName}: ${longest}`], longest],
    ['too long', true, [`${headerName}: ${longest}a`], null],
    ['empty', true, [`${headerName}:`], null],
    ['with a blank', true, [`${headerName}: a b`], null],
    ['with a tab', true, [`${headerName}: a\tb`], null],
    ['with a quote', true, [`${headerName}: a"b`], null],
    ['with bytes beyond ASCII', true, [`${headerName}: \u00e9\u009b31m`], null],
    ['two', true, [`${headerName}: a`, `${headerName}: b`], null],
    ['a list', true, [`${headerName}: a, b`], null],
    ['spelled with underscores', true, ['X_Request_Id: evil'], null],
    ['beside one spelled with underscores', true, ['x_request-id: evil', `${headerName}: b`], 'b'],
  ])('%s', async (_, trust, given, kept) => {
    const { bench, ask, record } = await bind({ requestId: { trust } });
    const { ids } = await ask(given);
    const [id = ''] = ids;
    expect(ids).toHaveLength(1);
    if (kept === null) expect(id).toMatch(made);
    else expect(id).toBe(kept);
    const seen = await bench.origin.request();
    expect(seen.fields.filter(([name]) => /^x.request.id$/i.test(name))).toEqual([
      [expect.stringMatching(/^x-request-id$/i), id],
    ]);
    expect(await record()).toMatchObject({ requestId: id });
  });

  it('differs from request to request', async () => {
    const { ask } = await bind({});
    const [one, two] = [await ask(), await ask()];
    expect(one.ids).not.toEqual(two.ids);
  });

  it('has the header that the option names, and leaves others alone', async () => {
    const { bench, ask } = await bind({ requestId: { header: 'X-Correlation-Id' } });
    const { answer, ids } = await ask([`${headerName}: theirs`]);
    expect(ids).toEqual([]);
    const [id] = idsIn(answer.fields, 'x-correlation-id');
    expect(id).toMatch(made);
    const seen = await bench.origin.request();
    expect(idsIn(seen.fields, 'x-correlation-id')).toEqual([id]);
    expect(idsIn(seen.fields)).toEqual(['theirs']);
  });
});

describe('where it goes', () => {
  it('cannot be stripped by Connection (RFC 9110 §7.6.1)', async () => {
    const { bench, ask } = await bind({ requestId: { trust: true } });
    await ask(['Connection: x-request-id, x-other', `${headerName}: mine`, 'X-Other: 1']);
    const seen = await bench.origin.request();
    expect(idsIn(seen.fields)).toEqual(['mine']);
    expect(idsIn(seen.fields, 'x-other')).toEqual([]);
  });

  it('replaces what the backend calls it', async () => {
    const script = answerEach(response(200, 'ok', ['X-Request-Id: theirs', 'x-request-id: again']));
    const { ask, record } = await bind({}, { origin: { script } });
    const { ids } = await ask();
    expect(ids).toEqual([(await record()).requestId]);
  });

  it.each<[string, ReverseItOptions, number]>([
    ['no route', { path: '/y' }, 404],
    ['a direct response', { respond: { body: 'x' } }, 200],
    ['a hook’s response', { onRequest: () => ({ status: 401 }) }, 401],
    ['a hook that throws', { onRequest: () => Promise.reject(new Error('no')) }, 500],
    ['an error page', { path: '/y', onErrorResponse: () => ({ body: 'gone' }) }, 404],
    ['a replaced response', { onResponse: () => ({ status: 201 }) }, 201],
    ['a backend that is down', { backend: 'http://127.0.0.1:1' }, 502],
    ['errorResponse', { backend: 'http://127.0.0.1:1', errorResponse: { status: 503 } }, 503],
  ])('on the response of %s', async (_, options, status) => {
    const { ask, record } = await bind(options);
    const { answer, ids } = await ask();
    expect([answer.status, ids]).toEqual([status, [(await record()).requestId]]);
  });

  it('on OPTIONS *', async () => {
    const { ask, record } = await bind({});
    const { ids } = await ask([], 'OPTIONS *');
    expect(ids).toEqual([(await record()).requestId]);
  });

  it('hooks see it, and have the last word', async () => {
    const seenByHooks: unknown[] = [];
    const { bench, ask } = await bind({
      onRequest: ({ headers }, { requestId }) => {
        seenByHooks.push(headers.get('x-request-id') === requestId);
        headers.set('x-request-id', 'hook-1');
      },
      onResponse: ({ headers }) => headers.set('x-request-id', 'hook-2'),
    });
    const { ids } = await ask();
    expect(seenByHooks).toEqual([true]);
    expect(ids).toEqual(['hook-2']);
    expect(idsIn((await bench.origin.request()).fields)).toEqual(['hook-1']);
  });

  it('the route’s own headers have it, too', async () => {
    const { bench, ask } = await bind({ addHeaders: { 'X-Request-ID': 'fixed' } });
    await ask();
    expect(idsIn((await bench.origin.request()).fields)).toEqual(['fixed']);
  });

  it('is left out where the route removes it', async () => {
    const { bench, ask } = await bind({ removeHeaders: ['x-request-id'] });
    const { ids } = await ask();
    expect(ids).toHaveLength(1);
    expect(idsIn((await bench.origin.request()).fields)).toEqual([]);
  });

  it('in log lines of errors', async () => {
    const lines: object[] = [];
    const write = (details: object): void => void lines.push(details);
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const { ask } = await bind({ logger, onFinish: null, backend: 'http://127.0.0.1:1' });
    const { ids } = await ask();
    await eventually(() => lines.length > 0, 'a log line');
    expect(lines).toMatchObject([{ requestId: ids[0], code: 'RIT_ERR_UPSTREAM_CONNECT' }]);
  });

  it('on the 101 of an upgrade', async () => {
    const script = [
      expectRequest(),
      send('HTTP/1.1 101 x\r\nUpgrade: tcp\r\nConnection: upgrade\r\nx-request-id: b\r\n\r\n'),
    ];
    const { bench, record } = await bind({ upgrades: ['tcp'] }, { origin: { script } });
    const client = await bench.connect();
    client.write(request('GET /x', ['Connection: upgrade', 'Upgrade: tcp']));
    const { fields } = await guarded(client.readResponse(), 'the 101');
    client.reset();
    expect(idsIn(fields)).toEqual([(await record()).requestId]);
  });
});

it.each([false, undefined])('%s: costs no context and passes headers on', async (requestId) => {
  const { bench, ask, record } = await bind({ requestId });
  const { ids } = await ask(['Connection: x-request-id', `${headerName}: a`]);
  expect(ids).toEqual([]);
  expect(idsIn((await bench.origin.request()).fields)).toEqual([]);
  expect((await record()).requestId).toBeNull();
});

it.each([
  'X-Forwarded-For',
  'x_forwarded_proto',
  'x-forwarded-anything',
  'Forwarded',
  'x-real-ip',
  'client-cert',
  'Via',
  'Host',
  'Content-Length',
  'Sec-WebSocket-Key',
  'Location',
  'Proxy-Status',
  'traceparent',
  'no token',
  '',
])('header %j is refused: HTTP or the proxy has a use for it', (header) => {
  const make = (): unknown => createServer({ respond: { body: '' }, requestId: { header } });
  expect(make).toThrow(
    `requestId.header: ${JSON.stringify(header)} is not accepted; expected a header name such as "x-request-id"`,
  );
});

/** Backends that authenticate the connection and not the request: NTLM, Negotiate (RFC 4559). */
import { fieldLines, HeaderSection } from '@reverseit/core/http';
import { describe, expect, test } from 'vitest';
import { Client } from './client.ts';
import { bench, type Sent, turns } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

const page = (text: string, ...lines: string[]): string =>
  ['HTTP/1.1 200 OK', `content-length: ${text.length}`, ...lines, '', text].join('\r\n');
const challenge = (value: string): string =>
  ['HTTP/1.1 401 No', `WWW-Authenticate: ${value}`, 'content-length: 2', '', 'no'].join('\r\n');

const loggedIn = new WeakSet<OriginConnection>();

/** Logs a connection in after the third message, as IIS does. */
function ntlm(connection: OriginConnection): void {
  const head = connection.received.slice(connection.received.lastIndexOf(' HTTP/1.1\r\n'));
  const [, message] = /authorization: NTLM (\w+)/i.exec(head) ?? [];
  if (message === 'three') loggedIn.add(connection);
  if (message === 'one') connection.write(challenge('NTLM two'));
  else connection.write(loggedIn.has(connection) ? page('secret') : challenge('NTLM'));
}

const one = ['Authorization', 'NTLM one'];
const three = ['authorization', 'NTLM three'];

async function outcome(sent: Sent): Promise<[number | undefined, string]> {
  const { head, body } = await sent.done;
  return [head?.status, body];
}

describe('a login by three messages', () => {
  test('is that of one client connection, and ends with it', async () => {
    const it = await bench(ntlm);
    const [a, b] = [new Client(), new Client()];
    for (const [fields, expected] of [
      [[], [401, 'no']],
      [one, [401, 'no']],
      [three, [200, 'secret']],
    ] as const) {
      expect(await outcome(it.send(a.request(...fields)))).toEqual(expected);
      await it.settle({ open: 1, idle: 1 });
    }
    expect(await outcome(it.send(b.request()))).toEqual([401, 'no']);
    expect(await outcome(it.send(get()))).toEqual([401, 'no']);
    expect(await outcome(it.send(a.request()))).toEqual([200, 'secret']);
    expect(it.origin.connections.map(({ requests }) => requests)).toEqual([4, 1, 1]);
    await it.settle({ open: 2, idle: 2 });
    a.close();
    await it.origin.connections[0]!.untilClosed();
    await it.settle({ open: 1, idle: 1 });
    expect(a.listeners.size).toBe(0);
    b.close();
    await it.settle({ open: 0, idle: 0 });
  });

  test('begins afresh where the connection was lost', async () => {
    const it = await bench(ntlm);
    const a = new Client();
    await it.send(a.request(...one)).done;
    expect(await outcome(it.send(a.request(...three)))).toEqual([200, 'secret']);
    await it.settle({ idle: 1 });
    it.origin.connections[0]!.end('');
    await it.settle({ open: 0 });
    expect(a.listeners.size).toBe(0);
    expect(await outcome(it.send(a.request()))).toEqual([401, 'no']);
    await it.send(a.request(...one)).done;
    expect(await outcome(it.send(a.request(...three)))).toEqual([200, 'secret']);
    expect(it.origin.connections.map(({ requests }) => requests)).toEqual([2, 3]);
  });

  test('carries the content of each of its requests', async () => {
    const it = await bench(ntlm);
    const a = new Client();
    const post = (...fields: string[]) => ({
      ...a.request(...fields),
      method: 'POST',
      body: Buffer.from('content'),
    });
    expect(await outcome(it.send(post(...one)))).toEqual([401, 'no']);
    expect(await outcome(it.send(post(...three)))).toEqual([200, 'secret']);
    const [connection] = it.origin.connections;
    expect(connection?.received.match(/\r\n\r\ncontent(?=POST|$)/g)).toHaveLength(2);
  });
});

describe('what binds a connection', () => {
  const plain = page('ok');
  const cases: [name: string, fields: string[], answer: string, binds: boolean][] = [
    ['nothing', [], plain, false],
    ['Basic', ['Authorization', 'Basic bnRsbTpuZWdvdGlhdGU='], plain, false],
    ['Bearer', ['Authorization', 'Bearer negotiate'], plain, true],
    ['credentials: NTLM', ['AUTHORIZATION', 'ntlm x'], plain, true],
    ['credentials: Negotiate', ['authorization', 'Negotiate x'], plain, true],
    ['credentials for a proxy', ['Proxy-Authorization', 'Negotiate x'], plain, true],
    ['another field of that length', ['Cache-Control', 'ntlm'], plain, false],
    ['an offer of Basic', [], challenge('Basic realm="negotiate?"'), false],
    ['an offer of NTLM', [], challenge('NTLM'), true],
    ['an offer among others', [], challenge('Basic realm="x", Negotiate, NTLM'), true],
    ['an answer to the client', [], page('ok', 'WWW-Authenticate: Negotiate oYG2MIGz'), true],
    ['an offer of a proxy', [], page('ok', 'Proxy-Authenticate: NTLM'), true],
  ];

  test.for(cases)('%s', async ([, fields, answer, binds]) => {
    const it = await bench((connection) => connection.write(answer));
    const [a, b] = [new Client(), new Client()];
    await it.send(a.request(...fields)).done;
    await it.settle({ open: 1, idle: 1 });
    await it.send(b.request()).done;
    expect(it.origin.connections).toHaveLength(binds ? 2 : 1);
    await it.send(a.request()).done;
    expect(it.origin.connections[0]!.requests).toBe(binds ? 2 : 3);
  });

  test('nobody can be told from others: it is closed after the response', async () => {
    const it = await bench((connection) => connection.write(page('ok')));
    const fields = ['Host', 'backend.test', 'Authorization', 'NTLM x'];
    for (const client of [null, undefined]) {
      await it.send(get('/', client === undefined ? { fields } : { fields, client })).done;
      await it.settle({ open: 0 });
    }
    expect(it.origin.connections).toHaveLength(2);
  });

  test.for([
    [['accept', 'a', 'Authorization', 'NTLM x', 'b', 'c'], true],
    [['authorization', 'Basic bnRsbTo=', 'b', 'negotiate'], false],
  ] as const)('a section: %j', async ([more, binds]) => {
    const it = await bench((connection) => connection.write(page('ok')));
    const list = ['Host', 'backend.test', ...more];
    const fields = HeaderSection.parsed(list, fieldLines(list));
    await it.send(get('/', { fields })).done;
    await it.settle({ open: binds ? 0 : 1 });
  });
});

describe('its bounds', () => {
  const slow: OriginConnection[] = [];
  const hold = (connection: OriginConnection): void => void slow.push(connection);
  const ok = (connection: OriginConnection): void => connection.write(page('ok'));

  test('a client has one: of two that were logged in side by side, the second is closed', async () => {
    slow.length = 0;
    const it = await bench(hold);
    const a = new Client();
    const sent = [it.send(a.request(...one)), it.send(a.request(...one))];
    while (slow.length < 2) await turns(1);
    for (const connection of slow) ok(connection);
    await Promise.all(sent.map(({ done }) => done));
    await it.settle({ open: 1, idle: 1 });
    expect(a.listeners.size).toBe(1);
  });

  test('one that is in use is no obstacle: the client gets another for now', async () => {
    slow.length = 0;
    const it = await bench((connection) =>
      connection.received.includes('/slow') ? hold(connection) : ok(connection),
    );
    const a = new Client();
    await it.send(a.request(...one)).done;
    await it.settle({ idle: 1 });
    const first = it.send({ ...a.request(), target: '/slow' });
    expect(await outcome(it.send(a.request()))).toEqual([200, 'ok']);
    await turns(2);
    ok(slow[0]!);
    await first.done;
    await it.settle({ open: 2, idle: 2 });
  });

  test('the client has left before the response is complete', async () => {
    slow.length = 0;
    const it = await bench(hold);
    const a = new Client();
    const sent = it.send(a.request(...one));
    while (slow.length < 1) await turns(1);
    a.close();
    ok(slow[0]!);
    await sent.done;
    await it.settle({ open: 0 });
  });

  test('connMaxIdleTime', async () => {
    const it = await bench(ok, { pool: { connMaxIdleTime: 3000 } });
    const a = new Client();
    await it.send(a.request(...one)).done;
    await it.settle({ idle: 1 });
    it.clock.advance(2999);
    expect(it.counts.idle).toBe(1);
    it.clock.advance(1);
    await it.settle({ open: 0 });
    expect(a.listeners.size).toBe(0);
  });

  test('poolSize: one that has been idle for a second makes room at once', async () => {
    const it = await bench(ok, { pool: { poolSize: 2 } });
    const [a, b] = [new Client(), new Client()];
    await it.send(a.request(...one)).done;
    it.clock.advance(10);
    await it.send(b.request(...one)).done;
    await it.settle({ idle: 2 });
    it.clock.advance(1000);
    expect(await outcome(it.send(get()))).toEqual([200, 'ok']);
    // The one that was unused longest.
    expect([a.listeners.size, b.listeners.size]).toEqual([0, 1]);
    expect(it.counts.open).toBe(2);
  });

  test('poolSize: one that has just been used is left alone for a second, for the next message', async () => {
    const it = await bench(ok, { pool: { poolSize: 1 } });
    const a = new Client();
    await it.send(a.request(...one)).done;
    await it.settle({ idle: 1 });
    const sent = it.send(get());
    it.clock.advance(999);
    // Past whoever waits: the connection is its own.
    expect(await outcome(it.send(a.request(...three)))).toEqual([200, 'ok']);
    await it.settle({ idle: 1, waiting: 1 });
    it.clock.advance(999);
    await turns(3);
    expect(sent.events).toEqual([]);
    it.clock.advance(1);
    expect(await outcome(sent)).toEqual([200, 'ok']);
    expect(a.listeners.size).toBe(0);
  });

  test('poolCount: the request goes where its connection is', async () => {
    const it = await bench(ntlm, { pool: { poolCount: 3 } });
    const a = new Client();
    await it.send(a.request(...one)).done;
    await it.send(a.request(...three)).done;
    for (let i = 0; i < 4; i++) {
      expect(await outcome(it.send(a.request()))).toEqual([200, 'secret']);
    }
    expect(it.origin.connections).toHaveLength(1);
  });

  test('one-shot connections are bound to nobody', async () => {
    const it = await bench(ok, { via: { connection: 'one-shot' } });
    const a = new Client();
    await it.send(a.request(...one)).done;
    await it.settle({ open: 0 });
    expect(a.listeners.size).toBe(0);
  });

  test('a closing pool keeps none', async () => {
    const it = await bench(ok);
    const a = new Client();
    await it.send(a.request(...one)).done;
    await it.settle({ idle: 1 });
    await it.pool.close();
    expect(it.counts.open).toBe(0);
    expect(a.listeners.size).toBe(0);
  });
});

test('a WebSocket goes over the connection that its client has logged in', async () => {
  const it = await bench((connection) => {
    if (!connection.received.includes('upgrade: websocket')) ntlm(connection);
    else {
      const switched = loggedIn.has(connection) ? 'HTTP/1.1 101 Switching' : challenge('NTLM');
      connection.write(`${switched}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
    }
  });
  const a = new Client();
  await it.send(a.request(...one)).done;
  await it.send(a.request(...three)).done;
  await it.settle({ idle: 1 });
  const sent = await it.upgrade(a.request()).done;
  expect(sent.events).toEqual(['switch 101']);
  expect(it.origin.connections).toHaveLength(1);
  expect(a.listeners.size).toBe(0);
  sent.socket?.on('error', () => {}).destroy();
});

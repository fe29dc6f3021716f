import { expect, test } from 'vitest';
import type { BodySink, ChosenBackend, RequestInput } from '../src/index.ts';
import { answers, fails, type GroupRig, groupOf, hangs, ok, resets } from './group-rig.ts';
import { turns } from './harness.ts';
import { get } from './recorder.ts';

const count = (list: readonly number[], one: number): number =>
  list.filter((each) => each === one).length;

test('three backends share the requests', async () => {
  const it = await groupOf([answers, answers, answers], { loadBalancing: 'round-robin' });
  const asked = await it.run(9);
  expect([0, 1, 2].map((one) => count(asked, one))).toEqual([3, 3, 3]);
  expect(it.group.backends().map(({ totalRequests, state }) => [totalRequests, state])).toEqual([
    [3, 'healthy'],
    [3, 'healthy'],
    [3, 'healthy'],
  ]);
});

test('by weight; 0 gets none unless it is named', async () => {
  const it = await groupOf([answers, answers, answers], {
    loadBalancing: 'round-robin',
    inputs: ([a = '', b = '', c = '']) => [{ url: a, weight: 3 }, b, { url: c, weight: 0 }],
  });
  const asked = await it.run(8);
  expect([0, 1, 2].map((one) => count(asked, one))).toEqual([6, 2, 0]);
  const named = it.send({ ...get(), backendName: it.list[2]!.url });
  expect((await named.done).body).toBe('ok');
  expect(it.list[2]!.requests).toBe(1);
});

test('nobody is left: RIT_ERR_NO_BACKEND at once, after dispatch has returned', async () => {
  const it = await groupOf([answers]);
  expect(it.group.drain(it.list[0]!.url)).toBe(true);
  const sent = it.send();
  expect(sent.over).toBe(false);
  expect((await sent.done).events).toEqual(['NO_BACKEND']);
  expect([sent.error?.status, sent.exchange.backend, sent.exchange.attempts]).toEqual([
    503,
    null,
    0,
  ]);
});

test('an empty list', async () => {
  const it = await groupOf([], {});
  expect((await it.send().done).events).toEqual(['NO_BACKEND']);
});

test('a streamed body that nobody takes is cancelled once', async () => {
  const it = await groupOf([]);
  let cancelled = 0;
  const body = { contentLength: null, start() {}, resume() {}, cancel: () => cancelled++ };
  await it.send(get('/', { method: 'POST', body })).done;
  expect(cancelled).toBe(1);
});

test('a backend that refuses connections: any method goes to another one', async () => {
  const it = await groupOf([answers, answers], { loadBalancing: 'first' });
  await it.list[0]!.die();
  const sent = await it.send(get('/', { method: 'POST', body: Buffer.from('hello') })).done;
  expect(sent.events).toEqual(['head 200', 'data', 'end']);
  expect(sent.exchange.backend).toBe(it.list[1]!.url);
  expect(sent.exchange.failedAttempts).toMatchObject([
    { backend: it.list[0]!.url, error: { code: 'RIT_ERR_UPSTREAM_CONNECT' }, status: 0 },
  ]);
  expect(it.list[1]!.received).toContain('\r\n\r\nhello');
});

test('a body that is streamed waits for a backend that takes it', async () => {
  const it = await groupOf([answers, answers], { loadBalancing: 'first' });
  await it.list[0]!.die();
  let cancelled = 0;
  const body = {
    contentLength: 5,
    start(sink: BodySink) {
      sink.write(Buffer.from('hello'));
      sink.end();
    },
    resume() {},
    cancel: () => cancelled++,
  };
  const fields = ['Host', 'a', 'content-length', '5'];
  const sent = await it.send(get('/', { method: 'POST', body, fields })).done;
  expect(sent.body).toBe('ok');
  expect(it.list[1]!.received).toContain('\r\n\r\nhello');
  expect(cancelled).toBe(0);
});

test.each([
  ['GET', ['reset'], true],
  ['PUT', ['reset'], true],
  ['POST', ['reset'], false],
  ['GET', ['connect'], false],
  ['GET', ['connect', 'timeout', 503], false],
])('%s, reset before a response, tried again on %j: %s', async (method, on, again) => {
  const it = await groupOf([resets, answers], { loadBalancing: 'first', retry: { on } });
  const sent = it.send(get('/', { method }));
  await it.until(() => sent.over || it.clock.timers.size > 0);
  while (!sent.over) {
    it.clock.advance(50);
    await turns(3);
  }
  expect(sent.events).toEqual(again ? ['head 200', 'data', 'end'] : ['UPSTREAM_RESET']);
  expect(it.list[1]!.requests).toBe(again ? 1 : 0);
});

test('a status that is tried again never reaches the client', async () => {
  const it = await groupOf([fails(503), answers], {
    loadBalancing: 'first',
    retry: { on: ['502-503'], backOff: 0 },
  });
  const sent = it.send();
  await it.until(() => it.list[0]!.requests === 1);
  while (!sent.over) {
    it.clock.advance(1);
    await turns(2);
  }
  expect(sent.events).toEqual(['head 200', 'data', 'end']);
  expect(sent.exchange.failedAttempts).toEqual([
    { backend: it.list[0]!.url, error: null, status: 503 },
  ]);
});

test('when the attempts are used up, the last answer counts', async () => {
  const it = await groupOf([fails(503), fails(503), answers], {
    loadBalancing: 'first',
    retry: { attempts: 1, on: [503], backOff: 0 },
  });
  const sent = it.send();
  while (!sent.over) {
    it.clock.advance(1);
    await turns(2);
  }
  expect(sent.events).toEqual(['head 503', 'data', 'end']);
  expect(it.list[2]!.requests).toBe(0);
});

test('perTryTimeout: a backend that hangs is left for another one', async () => {
  const it = await groupOf([hangs, answers], {
    loadBalancing: 'first',
    retry: { on: ['timeout'], perTryTimeout: 300, backOff: 0 },
  });
  const sent = it.send();
  await it.until(() => it.list[0]!.requests === 1);
  it.clock.advance(299);
  expect(sent.over).toBe(false);
  while (!sent.over) {
    it.clock.advance(1);
    await turns(2);
  }
  expect(sent.events).toEqual(['head 200', 'data', 'end']);
  expect(sent.exchange.failedAttempts).toMatchObject([
    { error: { code: 'RIT_ERR_UPSTREAM_HEAD_TIMEOUT', details: { afterMs: 300 } } },
  ]);
});

test('no attempt begins once responseHeaderTimeout has passed', async () => {
  const it = await groupOf([hangs, hangs, hangs], {
    loadBalancing: 'first',
    retry: { attempts: 9, on: ['timeout'], perTryTimeout: 400, backOff: 0 },
  });
  const sent = it.send(get(), { responseHeaderTimeout: 1000 });
  for (let i = 0; i < 3000 && !sent.over; i++) {
    it.clock.advance(1);
    if (i % 20 === 0) await turns(1);
  }
  expect(sent.events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
  expect(sent.exchange.failedAttempts).toHaveLength(3);
});

test.each([
  [0, 1, ['head 200', 'data', 'end']],
  [1000, 1, ['head 200', 'data', 'end']],
  // The third would begin after twice the time.
  [0, 2, ['UPSTREAM_HEAD_TIMEOUT']],
])(
  'perTryTimeout %i: %i that hang are left after responseHeaderTimeout each',
  async (perTryTimeout, hanging, events) => {
    const behaviours = Array.from({ length: 3 }, (_, i) => (i < hanging ? hangs : answers));
    const it = await groupOf(behaviours, {
      loadBalancing: 'first',
      retry: { attempts: 9, perTryTimeout, backOff: 0 },
    });
    const sent = it.send(get(), { responseHeaderTimeout: 1000 });
    while (!sent.over) {
      it.clock.advance(10);
      await turns(2);
    }
    expect(sent.events).toEqual(events);
    expect(sent.exchange.failedAttempts).toHaveLength(hanging);
  },
);

test('by default every GET on its way to one that dies is answered by another', async () => {
  const it = await groupOf([answers, answers]);
  await it.run(100);
  it.list[0]!.behaviour = hangs;
  const before = it.list[0]!.requests;
  const sent = Array.from({ length: 40 }, () => it.send());
  const waiting = () => sent.filter(({ over }) => !over).length;
  await it.until(() => it.list[0]!.requests - before === waiting());
  // More than `percent` of those under way: it was saved before.
  expect(waiting()).toBeGreaterThan(10);
  await it.list[0]!.die();
  while (waiting() > 0) {
    it.clock.advance(5);
    await turns(2);
  }
  expect(new Set(sent.map(({ events }) => events.join()))).toEqual(new Set(['head 200,data,end']));
});

test('never after a byte went to the client', async () => {
  const it = await groupOf(
    [(connection) => connection.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab'), answers],
    { loadBalancing: 'first', retry: { on: ['reset'] } },
  );
  expect((await it.send().done).events).toEqual(['head 200', 'data', 'UPSTREAM_TRUNCATED']);
  expect(it.list[1]!.requests).toBe(0);
});

test('the budget bounds retries, however many requests fail', async () => {
  const it = await groupOf([answers, answers], {
    loadBalancing: 'first',
    retry: { on: ['timeout'], perTryTimeout: 100, budget: { percent: 0, minimum: 2 } },
    outlierDetection: { consecutiveFailures: 0 },
  });
  it.list[0]!.behaviour = hangs;
  it.list[1]!.behaviour = hangs;
  const sent = Array.from({ length: 10 }, () => it.send());
  await it.until(() => it.list[0]!.requests === 10);
  it.clock.advance(100);
  await it.until(() => sent.filter(({ over }) => over).length === 8);
  for (let i = 0; i < 100 && sent.some(({ over }) => !over); i++) {
    it.clock.advance(10);
    await turns(2);
  }
  expect(it.list[1]!.requests).toBeLessThanOrEqual(2);
  expect(sent.every(({ events }) => events.join() === 'UPSTREAM_HEAD_TIMEOUT')).toBe(true);
});

test('a burst of refused connections loses nothing, and leaves the budget to what may flood backends', async () => {
  const it = await groupOf([answers, answers, answers], {
    loadBalancing: 'random',
    retry: { on: ['connect', 'timeout'], budget: { percent: 0, minimum: 0 } },
    outlierDetection: { consecutiveFailures: 0 },
  });
  await it.list[0]!.die();
  await it.list[1]!.die();
  const sent = Array.from({ length: 60 }, () => it.send(get('/', { method: 'POST' })));
  await it.until(() => {
    it.clock.advance(5);
    return sent.every(({ over }) => over);
  });
  expect(new Set(sent.map(({ events }) => events.join()))).toEqual(new Set(['head 200,data,end']));
  expect(sent.some(({ exchange }) => exchange.failedAttempts.length > 0)).toBe(true);
});

test('a retry that waits is given up with its request', async () => {
  const it = await groupOf([resets], { retry: { on: ['reset'], backOff: 1000 } });
  const sent = it.send();
  await it.until(() => it.list[0]!.requests === 1 && it.active[0] === 0);
  sent.abort();
  it.clock.advance(5000);
  await turns(3);
  expect(it.list[0]!.requests).toBe(1);
});

test('abort during an attempt', async () => {
  const it = await groupOf([hangs, hangs]);
  const sent = it.send();
  await it.until(() => it.list[0]!.requests + it.list[1]!.requests === 1);
  sent.abort();
  expect(it.active).toEqual([0, 0]);
});

test('the request for each backend', async () => {
  const it = await groupOf([answers, answers], {
    loadBalancing: 'first',
    inputs: ([a = '', b = '']) => [`${a}/one`, `${b}/two`],
  });
  await it.list[0]!.die();
  const base = get('/x');
  const forBackend = ({ authority, pathPrefix }: ChosenBackend): RequestInput => ({
    ...base,
    target: `${pathPrefix}/x`,
    fields: ['Host', authority],
  });
  const sent = await it.send({ ...base, forBackend }).done;
  expect(sent.body).toBe('ok');
  const { host } = new URL(it.list[1]!.url);
  expect(it.list[1]!.received.toLowerCase()).toMatch(`get /two/x http/1.1\r\nhost: ${host}\r\n`);
});

test('backups serve when nobody else can', async () => {
  const it = await groupOf([answers, answers, answers], {
    inputs: ([a = '', b = '', c = '']) => [{ url: a, backup: true }, b, c],
  });
  expect(count(await it.run(10), 0)).toBe(0);
  it.group.drain(it.list[1]!.url);
  it.group.drain(it.list[2]!.url);
  expect(count(await it.run(3), 0)).toBe(3);
  it.group.enable(it.list[2]!.url);
  expect(count(await it.run(3), 2)).toBe(3);
});

test('maxRequests: passed over, then others, then nobody', async () => {
  const it = await groupOf([hangs, hangs], {
    loadBalancing: 'first',
    inputs: ([a = '', b = '']) => [
      { url: a, maxRequests: 2 },
      { url: b, maxRequests: 1 },
    ],
  });
  const sent = [it.send(), it.send(), it.send()];
  expect(it.active).toEqual([2, 1]);
  expect((await it.send().done).events).toEqual(['NO_BACKEND']);
  for (const one of sent) one.abort();
});

test('a full pool is passed over before anybody waits', async () => {
  const it = await groupOf([hangs, hangs], { loadBalancing: 'first', pool: { poolSize: 1 } });
  const sent = [it.send(), it.send(), it.send()];
  expect(it.active).toEqual([2, 1]);
  expect(it.pool.stats()).toMatchObject({ active: 2, waiting: 1 });
  for (const one of sent) one.abort();
});

test('failures in a row eject; time brings back, and each ejection is longer', async () => {
  const it = await groupOf([fails(502), answers], {
    loadBalancing: 'round-robin',
    outlierDetection: { consecutiveFailures: 3, ejectionTime: 1000 },
  });
  await it.run(6);
  expect(it.states).toEqual(['0 ejected: status 502']);
  expect(count(await it.run(5), 0)).toBe(0);
  expect(it.group.backends()[0]).toMatchObject({ state: 'ejected', totalFailures: 3 });
  expect(it.group.backends()[0]!.ejectedUntil).toBeInstanceOf(Date);
  it.clock.advance(1000);
  expect(it.states).toEqual(['0 ejected: status 502', '0 healthy']);
  await it.run(6);
  it.clock.advance(1999);
  expect(it.group.backends()[0]!.state).toBe('ejected');
  it.clock.advance(1);
  expect(it.group.backends()[0]!.state).toBe('healthy');
});

test('the last one is never ejected', async () => {
  const it = await groupOf([fails(503), fails(503)], {
    outlierDetection: { consecutiveFailures: 1 },
  });
  await it.run(10);
  expect(it.group.backends().filter(({ state }) => state === 'ejected')).toHaveLength(1);
  expect((await it.send().done).events).toEqual(['head 503', 'data', 'end']);
});

test.each<[what: string, happens: (it: GroupRig) => unknown]>([
  ['is drained', (it) => it.group.drain(it.list[1]!.url)],
  ['has left', (it) => it.group.setBackends([it.list[0]!.url])],
  [
    'gets nothing any more',
    (it) => it.group.setBackends([it.list[0]!.url, { url: it.list[1]!.url, weight: 0 }]),
  ],
])('the last one is not ejected any more once the other one %s', async (_, happens) => {
  const it = await groupOf([fails(503), answers], { outlierDetection: { consecutiveFailures: 1 } });
  await it.run(10);
  expect(it.states).toEqual(['0 ejected: status 503']);
  happens(it);
  expect(it.group.backends()[0]!.state).toBe('healthy');
  expect((await it.send().done).events).toEqual(['head 503', 'data', 'end']);
});

test('what a request meets after the group was released changes no state', async () => {
  const it = await groupOf([hangs, answers], {
    loadBalancing: 'first',
    outlierDetection: { consecutiveFailures: 1 },
  });
  const sent = it.send();
  await it.until(() => it.list[0]!.requests === 1);
  it.group.release();
  fails(503)(it.list[0]!.origin.connections[0]!);
  expect((await sent.done).events).toEqual(['head 503', 'data', 'end']);
  expect(it.states).toEqual([]);
});

test('who gets nothing by its weight is no other one', async () => {
  const it = await groupOf([fails(503), answers], {
    inputs: ([a = '', b = '']) => [a, { url: b, weight: 0 }],
    outlierDetection: { consecutiveFailures: 1 },
  });
  await it.run(3);
  expect(it.states).toEqual([]);
});

test('setBackends: who stays keeps its connections, who leaves finishes', async () => {
  const it = await groupOf([hangs, answers, answers], {
    inputs: ([a = '', b = '']) => [a, b],
    loadBalancing: 'first',
  });
  const [a = '', b = '', c = ''] = it.list.map(({ url }) => url);
  const slow = it.send();
  await it.until(() => it.list[0]!.requests === 1);
  await it.send({ ...get(), backendName: b }).done;
  await it.until(() => it.pool.stats().idle === 1);
  it.group.setBackends([c, { url: b, weight: 5 }]);
  expect(it.group.backends().map(({ url, weight }) => [url, weight])).toEqual([
    [c, 1],
    [b, 5],
  ]);
  expect(await it.run(2)).toEqual([2, 2]);
  await it.send({ ...get(), backendName: b }).done;
  expect(it.list[1]!.origin.connections).toHaveLength(1);
  it.list[0]!.origin.connections[0]!.write(ok);
  expect((await slow.done).body).toBe('ok');
  await it.list[0]!.origin.untilAllClosed();
  expect(it.pool.stats().origins.map(({ origin }) => origin)).not.toContain(a);
});

test.each([
  [['http://a', 'http://a'], /has the name of/],
  [['ftp://a'], /is not accepted/],
  [[{ url: 'http://a', weight: -1 }], /weight/],
  [[{}], /url: required/],
  [[7], /an object of options/],
])('setBackends refuses %j and changes nothing', async (list, message) => {
  const it = await groupOf([answers]);
  expect(() => it.group.setBackends(list as never)).toThrow(message);
  expect(await it.run(1)).toEqual([0]);
});

test('slow start: who comes later gets its share little by little', async () => {
  const it = await groupOf([answers, answers], {
    loadBalancing: 'round-robin',
    slowStart: 10_000,
    inputs: ([a = '']) => [a],
  });
  it.group.setBackends(it.list.map(({ url }) => url));
  expect(it.states).toEqual(['1 warming']);
  const cold = count(await it.run(100), 1);
  it.clock.advance(10_000);
  expect(it.states).toEqual(['1 warming', '1 healthy']);
  const warm = count(await it.run(100), 1);
  expect(cold).toBeGreaterThan(0);
  expect(cold).toBeLessThan(30);
  expect(warm).toBe(50);
});

test('affinity: the id leads to its backend, on any group with the same list', async () => {
  const it = await groupOf([answers, answers, answers], { affinity: { cookie: 'route' } });
  const { affinity } = it.group;
  for (const [number, { url }] of it.list.entries()) {
    const affinityId = affinity!.idOf(url);
    expect(await it.run(3, { ...get(), affinityId })).toEqual([number, number, number]);
  }
  it.group.drain(it.list[0]!.url);
  const [instead] = await it.run(1, { ...get(), affinityId: affinity!.idOf(it.list[0]!.url) });
  expect([1, 2]).toContain(instead);
});

test('hash: a key keeps its backend', async () => {
  const it = await groupOf([answers, answers, answers], { loadBalancing: 'hash' });
  for (const hashKey of ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']) {
    const asked = await it.run(4, { ...get(), hashKey });
    expect(new Set(asked).size).toBe(1);
  }
});

test('subset: only a part of the list has connections', async () => {
  const it = await groupOf([answers, answers, answers, answers], { subset: { size: 2, id: 0 } });
  await it.run(20);
  expect(it.list.filter(({ requests }) => requests > 0)).toHaveLength(2);
  expect(it.group.backends()).toHaveLength(2);
});

test('WebSocket handshakes go to another backend, and count until their socket closes', async () => {
  const it = await groupOf(
    [
      answers,
      (connection) =>
        connection.write('HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
    ],
    { loadBalancing: 'first' },
  );
  await it.list[0]!.die();
  const sent = await it.upgrade().done;
  expect(sent.events).toEqual(['switch 101']);
  expect(it.active).toEqual([0, 1]);
  sent.socket!.on('error', () => {}).destroy();
  await it.until(() => it.active[1] === 0);
});

test('a client whose connection logs in stays with its backend (RFC 4559)', async () => {
  const login = 'HTTP/1.1 401 No\r\nwww-authenticate: NTLM\r\ncontent-length: 0\r\n\r\n';
  const it = await groupOf(
    [(connection) => connection.write(login), (connection) => connection.write(login)],
    { loadBalancing: 'round-robin' },
  );
  const client = { closed: false, addCloseListener() {}, removeCloseListener() {} };
  const asked = await it.run(6, get('/', { client }));
  expect(new Set(asked).size).toBe(1);
});

test('a handler that throws loses its own exchange, and its backend is not to blame', async () => {
  const it = await groupOf([answers], { outlierDetection: { consecutiveFailures: 1 } });
  const sent = it.send();
  sent.onFirst = () => {
    throw new Error('of the application');
  };
  await sent.done;
  expect(sent.events).toEqual(['head 200', 'INTERNAL']);
  expect(it.group.backends()[0]!.totalFailures).toBe(0);
});

test.each([
  [{ loadBalancing: 'best' }, /loadBalancing/],
  [{ retry: { on: ['reset', 'boom'] } }, /retry.on/],
  [{ retry: { on: [99] } }, /retry.on/],
  [{ outlierDetection: { failureStatus: '600' } }, /failureStatus/],
  [{ healthCheck: { interval: 0 } }, /healthCheck.interval/],
  [{ affinity: {} }, /affinity.cookie/],
  [{ affinity: { cookie: 'a', sameSite: 'none', secure: false } }, /SameSite=None/],
  [{ subset: { size: 1 } }, /subset.id/],
])('refused: %j', async (options, message) => {
  await expect(groupOf([answers], options as never)).rejects.toThrow(message);
});

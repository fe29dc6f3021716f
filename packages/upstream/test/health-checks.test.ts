import { expect, test } from 'vitest';
import { answers, fails, type GroupRig, groupOf, hangs, resets } from './group-rig.ts';
import { turns } from './harness.ts';
import { get } from './recorder.ts';

const healthCheck = { interval: 1000, timeout: 200, healthyThreshold: 2, unhealthyThreshold: 3 };

/** Lets time pass in small steps, with the I/O that belongs to each, until something holds. */
async function passUntil(it: GroupRig, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 4000 && !holds(); i++) {
    it.clock.advance(25);
    await turns(4);
  }
  expect(holds()).toBe(true);
}

test('failed checks take a backend out, good ones bring it back', async () => {
  const it = await groupOf([answers, answers], {
    healthCheck: { ...healthCheck, path: '/health' },
  });
  await passUntil(it, () => it.list.every(({ requests }) => requests > 0));
  expect(it.list[0]!.received).toMatch(/^GET \/health HTTP\/1.1\r\nhost: 127\.0\.0\.1:\d+\r\n/i);
  expect(it.list[0]!.received).toMatch(/user-agent: reverseit-health-check/i);
  it.list[0]!.behaviour = fails(500);
  await passUntil(it, () => it.states.length === 1);
  expect(it.states).toEqual(['0 unhealthy: status 500']);
  it.list[1]!.behaviour = answers;
  for (let i = 0; i < 5; i++) expect((await it.send().done).exchange.backend).toBe(it.list[1]!.url);
  it.list[0]!.behaviour = answers;
  await passUntil(it, () => it.states.length === 2);
  expect(it.states[1]).toBe('0 healthy');
});

test.each([
  ['hangs', hangs, 'no answer within 200 ms'],
  ['resets', resets, 'closed the connection before responding'],
])('a backend that %s', async (_, behaviour, reason) => {
  const it = await groupOf([behaviour, answers], { healthCheck });
  await passUntil(it, () => it.states.length > 0);
  expect(it.states[0]).toContain('0 unhealthy: ');
  expect(it.states[0]).toContain(reason);
});

test('all are unhealthy: 503 at once', async () => {
  const it = await groupOf([fails(500), fails(500)], { healthCheck });
  await passUntil(it, () => it.states.length === 2);
  expect((await it.send().done).events).toEqual(['NO_BACKEND']);
});

test('the text of the response, searched in the first 64 KiB', async () => {
  const long = 'x'.repeat(100_000);
  const it = await groupOf(
    [
      (connection) => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nall is up'),
      (connection) => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndown'),
      (connection) =>
        connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${long.length + 2}\r\n\r\n${long}up`),
    ],
    { healthCheck: { ...healthCheck, body: 'up' } },
  );
  await passUntil(it, () => it.states.length === 2);
  expect(it.states.map((state) => state.slice(0, 11)).sort()).toEqual([
    '1 unhealthy',
    '2 unhealthy',
  ]);
});

test('tcp: it only connects', async () => {
  const it = await groupOf([answers, answers], { healthCheck: { ...healthCheck, type: 'tcp' } });
  await passUntil(it, () => it.list.every(({ origin }) => origin.connections.length > 1));
  expect(it.list.map(({ requests }) => requests)).toEqual([0, 0]);
  expect(it.states).toEqual([]);
  await it.list[0]!.die();
  await passUntil(it, () => it.states.length > 0);
  expect(it.states[0]).toMatch(/^0 unhealthy: .*ECONNREFUSED/);
});

test('another port, and fields of its own', async () => {
  const it = await groupOf([answers, answers], {
    inputs: ([a = '']) => [a],
    healthCheck: { ...healthCheck, headers: { Host: 'health.test', 'x-check': '1' } },
  });
  await passUntil(it, () => it.list[0]!.requests > 0);
  expect(it.list[0]!.received).toMatch(/host: health\.test\r\n/i);
  expect(it.list[0]!.received).toMatch(/x-check: 1\r\n/i);
  const port = Number(new URL(it.list[1]!.url).port);
  const other = await groupOf([hangs], { healthCheck: { ...healthCheck, port } });
  const before = it.list[1]!.requests;
  await passUntil(other, () => it.list[1]!.requests > before);
  expect(other.list[0]!.requests).toBe(0);
});

test('checks of a backend that has left end', async () => {
  const it = await groupOf([answers, answers], { healthCheck });
  await passUntil(it, () => it.list.every(({ requests }) => requests > 0));
  it.group.setBackends([it.list[1]!.url]);
  const before = it.list[0]!.requests;
  for (let i = 0; i < 100; i++) {
    it.clock.advance(50);
    await turns(2);
  }
  expect(it.list[0]!.requests).toBe(before);
  await it.list[0]!.origin.untilAllClosed();
});

test('requests that fail do not wait for a check', async () => {
  const it = await groupOf([answers, answers], {
    healthCheck,
    loadBalancing: 'first',
    outlierDetection: { consecutiveFailures: 2 },
  });
  await it.list[0]!.die();
  for (let i = 0; i < 2; i++) expect((await it.send(get()).done).body).toBe('ok');
  expect(it.states[0]).toMatch(/^0 ejected: /);
});

/** Makes cases of HTTP tests: over HTTP/1.1, byte for byte, and over HTTP/2 where they make sense there. */
import { answerEach, response } from '@reverseit/test-servers';
import { expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import {
  defaultAgain,
  type HttpCase,
  type Message,
  ok,
  request,
  requestLines,
  responseLines,
  seen,
  withoutDates,
} from './http-messages.ts';
import { runTwin, twinOf } from './http2-twin.ts';
import type { StartProxy, TestProxy } from './test-proxy.ts';

export * from './http-messages.ts';
export * from './test-proxy.ts';

/** A GET with these fields, of which the backend sees others. */
export const forwards = (
  name: string,
  options: ReverseItOptions,
  fields: readonly string[],
  forwarded: readonly string[],
): HttpCase => ({
  name,
  options,
  send: request('GET /x', fields),
  got: [ok],
  seen: [seen('GET /x', forwarded)],
});

/** Makes each case a test, and one more where it makes sense over HTTP/2. */
export function runCases(start: StartProxy, cases: readonly HttpCase[]) {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    await runCase(start, one);
  });
  const twins = cases.flatMap((one) => {
    const said = one.overHttp2 === false ? null : twinOf(one);
    return said === null ? [] : [[one.name, one, said] as const];
  });
  it.each(twins)('over HTTP/2: %s', async (_, one, said) => {
    await runTwin(start, one, said);
  });
}

async function runCase(start: StartProxy, one: HttpCase): Promise<void> {
  const { again = defaultAgain, answer = response(200, 'ok'), fate = 'kept' } = one;
  const answering = answerEach((request, nth) => {
    if (request.target.endsWith(defaultAgain)) return response(200, 'again');
    return typeof answer === 'function' ? answer(request, nth) : answer;
  });
  const bench = await start({
    origin: one.script === undefined ? { script: answering } : { scripts: [one.script, answering] },
    ...(one.options === undefined ? {} : { options: one.options }),
  });
  const fill = (message: Message): Message =>
    message.map((line) => line.replaceAll('{origin}', bench.authority));

  const client = await bench.connect();
  const written = client.write(
    typeof one.send === 'string' ? one.send.replaceAll('{origin}', bench.authority) : one.send,
  );
  const wanted = one.got.map(fill);
  const got: Message[] = [];
  const method = /^[^ ]*/.exec(typeof one.send === 'string' ? one.send : '')?.[0] ?? 'GET';
  for (let nth = 0; got.length < wanted.length; nth += 1) {
    const answered = await client.readResponse({ method: one.methods?.[nth] ?? method });
    got.push(...responseLines(answered));
  }
  expect(got).toEqual(wanted);
  if (!wanted.some(isChunked)) {
    const bytes = wanted.map((lines) => lines.join('\r\n')).join('');
    expect(withoutDates(client.received.toString('latin1'))).toBe(bytes);
  }
  if (fate === 'kept') {
    const next = await client.request(`GET ${again} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect([next.status, next.text]).toEqual([200, 'again']);
  } else if (fate === 'closed') await client.expectFin();
  else await client.expectReset();
  await written;
  await client.close();

  await bench.whenIdle();
  checkSeen(bench, one.seen.map(fill), fate === 'kept');
}

function checkSeen(bench: TestProxy, wanted: readonly Message[], again: boolean): void {
  if (wanted.length === 0 && !again) {
    // Not even a connection: nothing of it can have got there.
    expect({ bytes: bench.seenBytes, connections: bench.origin.connectionCount }).toEqual({
      bytes: '',
      connections: 0,
    });
    return;
  }
  const isAgain = (target: string): boolean => again && target.endsWith(defaultAgain);
  if (wanted.some(isChunked)) {
    const requests = bench.origin.requests.filter(({ target }) => !isAgain(target));
    expect(requests.map(requestLines)).toEqual(wanted);
    return;
  }
  let bytes = bench.seenBytes;
  if (again) {
    const at = bytes.lastIndexOf('GET ');
    expect(bytes.slice(at).split(' ')[1]).toMatch(/again$/);
    bytes = bytes.slice(0, at);
  }
  expect(bytes.split('\r\n')).toEqual(
    wanted
      .map((lines) => lines.join('\r\n'))
      .join('')
      .split('\r\n'),
  );
}

const isChunked = (message: Message): boolean => message.includes('transfer-encoding: chunked');

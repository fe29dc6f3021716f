/**
 * Cases of HTTP/1.1 over HTTP/2. What is a request there is one here, in other bytes (RFC 9113 §8): the client gets the
 * same response, and the backend sees the same request.
 */
import { answerEach, response } from '@reverseit/test-servers';
import { type Http2Client, requestFrames } from '@reverseit/test-servers/http2-client';
import { expect } from 'vitest';
import {
  defaultAgain,
  type HttpCase,
  type Message,
  requestLines,
  withoutDates,
} from './http-messages.ts';
import { connectHttp2, type Said, saidBy, say } from './http2-said.ts';
import type { StartProxy } from './test-proxy.ts';

/** The request of a case, where the case makes sense over HTTP/2. */
export function twinOf({ send, methods, got, fate, options }: HttpCase): Said | null {
  const finals = got.filter(([line = '']) => !line.startsWith('HTTP/1.1 1'));
  if (fate === 'reset' || methods !== undefined || finals.length !== 1) return null;
  // Options that depend on the backend do not say where clients come in.
  if (typeof options === 'object' && ('tls' in options || 'listen' in options)) return null;
  return saidBy(send);
}

export async function runTwin(start: StartProxy, one: HttpCase, said: Said): Promise<void> {
  const { answer = response(200, 'ok'), again = defaultAgain, fate = 'kept' } = one;
  const answering = answerEach((request, nth) => {
    if (request.target.endsWith(defaultAgain)) return response(200, 'again');
    return typeof answer === 'function' ? answer(request, nth) : answer;
  });
  const bench = await start({
    origin: one.script === undefined ? { script: answering } : { scripts: [one.script, answering] },
    options: (origin) => ({
      ...(typeof one.options === 'function' ? one.options(origin) : one.options),
      protocols: ['http2'],
    }),
  });
  const fill = (text: string): string => text.replaceAll('{origin}', bench.authority);
  const client = await connectHttp2(bench.port);
  try {
    say(client, 1, filled(said, fill));
    await client.response(1);
    expect(responsesOn(client, 1)).toEqual(one.got.map((message) => inHttp2(message.map(fill))));
    if (fate === 'kept') {
      const next = [':method', 'GET', ':scheme', 'http', ':path', again, ':authority', 'a'];
      client.send(...requestFrames(3, next, true));
      expect(await client.response(3)).toMatchObject({ status: '200', body: 'again' });
    }
  } finally {
    await client.close();
  }
  await bench.whenIdle();
  const requests = bench.origin.requests.filter(
    ({ target }) => fate !== 'kept' || !target.endsWith(defaultAgain),
  );
  const wanted = one.seen.map((message) => asSeen(message.map(fill)));
  expect(requests.map((request) => asSeen(requestLines(request)))).toEqual(wanted);
}

const filled = ({ pseudo, fields, body }: Said, fill: (text: string) => string): Said => ({
  pseudo: pseudo.map(fill),
  fields: fields.map(fill),
  body,
});

/** The responses on a stream, as lines: status, fields, content, trailers. */
function responsesOn(client: Http2Client, id: number): Message[] {
  const { sections, body } = client.stream(id);
  const messages: string[][] = [];
  for (const section of sections) {
    const lines: string[] = [];
    for (let i = 0; i < section.length; i += 2) lines.push(`${section[i]}: ${section[i + 1]}`);
    const isHead = section[0] === ':status';
    if (isHead)
      messages.push([...lines.map((line) => withoutDates(`${line}\r\n`).slice(0, -2)), '', '']);
    else messages.at(-1)?.push(...lines);
  }
  const last = messages.at(-1);
  if (last !== undefined) last[last.indexOf('') + 1] = body;
  return messages;
}

const ofConnection = /^(?:connection|keep-alive|transfer-encoding): /;

/** A response of HTTP/1.1, as lines, in HTTP/2. */
function inHttp2([first = '', ...rest]: Message): Message {
  const headEnd = rest.indexOf('');
  const head = rest.slice(0, headEnd).map(lowerName);
  return [
    `:status: ${first.split(' ')[1]}`,
    ...head.filter((line) => !ofConnection.test(line)),
    ...rest.slice(headEnd, headEnd + 2),
    ...rest.slice(headEnd + 2).map(lowerName),
  ];
}

const lowerName = (line: string): string => {
  const colon = line.indexOf(':');
  return line.slice(0, colon).toLowerCase() + line.slice(colon);
};

/** A request to a backend, whichever way it came: names have no case in HTTP/2, and cookies are one (RFC 9113 §8.2.3). */
function asSeen([first = '', ...rest]: Message): Message {
  const headEnd = rest.indexOf('');
  const head = rest
    .slice(0, headEnd)
    .map(lowerName)
    .map((line) => (line.startsWith('via: ') ? line.replaceAll('2.0 ', '1.1 ') : line));
  const cookies = head.filter((line) => line.startsWith('cookie: ')).map((line) => line.slice(8));
  return [
    first,
    ...head.filter((line) => !line.startsWith('cookie: ')),
    ...(cookies.length > 0 ? [`cookie: ${cookies.join('; ')}`] : []),
    ...rest.slice(headEnd, headEnd + 2),
    ...rest.slice(headEnd + 2).map(lowerName),
  ];
}

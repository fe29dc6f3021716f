/**
 * Cases of HTTP/1.1 over HTTP/2. What is a request there is one here, in other bytes (RFC 9113 §8): the client gets the
 * same response, and the backend sees the same request.
 */
import { answerEach, response } from '@reverseit/test-servers';
import {
  end,
  Http2Client,
  requestFrames,
  settings,
  windowUpdate,
} from '@reverseit/test-servers/http2-client';
import { clientPreface } from '@reverseit/test-servers/http2-frames';
import { expect } from 'vitest';
import {
  defaultAgain,
  type HttpCase,
  type Message,
  requestLines,
  withoutDates,
} from './http-messages.ts';
import type { StartProxy } from './test-proxy.ts';

/** A request that both versions can say. */
interface Said {
  readonly pseudo: readonly string[];
  readonly fields: readonly string[];
  readonly body: string;
}

const requestLine = /^([!-~]+) ([!-~]+) HTTP\/1\.1$/;
const fieldLine =
  /^([!#$%&'*+.^_`|~\dA-Za-z-]+):[ \t]*(|[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)[ \t]*$/;

/** What only HTTP/1.1 says, or says in another way. */
const ofHttp1 = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te'],
  ...['http2-settings', 'expect', 'trailer'],
]);

/** The request that the bytes are, as HTTP/2 has it; null for what is none, more than one, or says more. */
export function saidBy(bytes: string | Uint8Array): Said | null {
  if (typeof bytes !== 'string') return null;
  const headEnd = bytes.indexOf('\r\n\r\n');
  const [first = '', ...rest] = bytes.slice(0, headEnd).split('\r\n');
  const [, method = '', target = ''] = requestLine.exec(first) ?? [];
  const isTarget = target.startsWith('/') || (target === '*' && method === 'OPTIONS');
  if (headEnd < 0 || !isTarget || method === 'CONNECT') return null;
  const body = bytes.slice(headEnd + 4);
  const fields: string[] = [];
  const hosts: string[] = [];
  let length = '';
  for (const line of rest) {
    const [, name = '', value = ''] = fieldLine.exec(line) ?? [];
    const lower = name.toLowerCase();
    if (name === '' || ofHttp1.has(lower)) return null;
    if (lower === 'content-length') length += value;
    if (lower === 'host') hosts.push(value);
    else fields.push(lower, value);
  }
  if (
    hosts.length !== 1 ||
    body.length > 60_000 ||
    length !== (body === '' ? length : `${body.length}`)
  ) {
    return null;
  }
  if (body === '' && length !== '' && length !== '0') return null;
  const [authority = ''] = hosts;
  const pseudo = [':method', method, ':scheme', 'http', ':path', target, ':authority', authority];
  return { pseudo, fields, body };
}

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
  const client = await Http2Client.connect(bench.port, clientPreface());
  try {
    client.send(settings(4, 0x7fff_ffff), windowUpdate(0, 0x7fff_0000));
    const hasBody = said.body !== '';
    client.send(...requestFrames(1, [...said.pseudo, ...said.fields].map(fill), !hasBody));
    if (hasBody) client.send(end(1, said.body));
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

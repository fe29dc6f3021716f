import { connectRaw } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, test } from 'vitest';
import { Requests, type Rig, request, useRig } from '../../test/server-rig.ts';
import type { RequestListener } from '../index.ts';

const start = useRig();
const { key, cert } = testCertificates().server;

/** What a share pays for, of requests that we answer ourselves: 500 µs, at 20 µs and more for each. */
const mostAnswers = 25;

/** How much is done in one turn of the event loop, at the most. */
class Turns {
  most = 0;
  #count = 0;

  add(): void {
    if (this.#count++ > 0) return;
    setImmediate(() => {
      this.most = Math.max(this.most, this.#count);
      this.#count = 0;
    });
  }
}

const pipelined = (count: number, lastFields: readonly string[] = []): string =>
  Array.from({ length: count }, (_, i) =>
    request(`GET /${i}`, i === count - 1 ? lastFields : []),
  ).join('');

/** The contents of all responses: targets of the requests. */
const targetsIn = (received: Buffer): string[] =>
  (received.toString('latin1').match(/\r\n\r\n\/\d+/g) ?? []).map((found) => found.trim());

const targets = (count: number): string[] => Array.from({ length: count }, (_, i) => `/${i}`);

const answer: RequestListener = (exchange) => exchange.respond(404, [], exchange.head.target);

const connect = (rig: Rig, secure: boolean) =>
  secure ? connectRaw({ ...rig.address, tls: { rejectUnauthorized: false } }) : rig.client();

describe.each([
  ['plain', false],
  ['TLS', true],
] as const)('over %s', (_, secure) => {
  const options = secure ? { tls: { key, cert } } : {};

  test('pipelined requests are answered a share in each turn, in order, with others in between', async () => {
    const turns = new Turns();
    const served: string[] = [];
    const rig = await start((exchange) => {
      turns.add();
      served.push(exchange.head.target);
      answer(exchange);
    }, options);
    const count = 5000;
    await using attacker = await connect(rig, secure);
    await using victim = await connect(rig, secure);
    attacker.send(pipelined(count, ['Connection: close']));
    victim.send(request('GET /victim'));
    expect((await victim.readResponse()).text).toBe('/victim');
    expect(targetsIn(await attacker.readUntilEnd())).toEqual(targets(count));
    expect(turns.most).toBeLessThanOrEqual(mostAnswers + 1);
    expect(served.indexOf('/victim')).toBeLessThan(count / 2);
  });

  test('a client that ends its side after them gets all answers', async () => {
    const rig = await start(answer, options);
    await using client = await connect(rig, secure);
    client.send(pipelined(1000));
    client.end();
    expect(targetsIn(await client.readUntilEnd())).toEqual(targets(1000));
  });

  test('content in chunks of one byte comes in pieces of a read', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener, options);
    await using client = await connect(rig, secure);
    const count = 20_000;
    client.send(request('POST /', ['Transfer-Encoding: chunked']));
    client.send(`${'1\r\na\r\n'.repeat(count)}0\r\n\r\n`);
    const recorder = await requests.next();
    recorder.exchange.readBody(0);
    await recorder.ended();
    expect(recorder.body).toBe('a'.repeat(count));
    // 120 kB on the wire, which may take some reads more than whole ones.
    expect(recorder.chunks.length).toBeLessThan(100);
    recorder.exchange.respond(200, [], '');
    expect((await client.readResponse()).status).toBe(200);
  });
});

test('what comes with one read is answered in one write', async () => {
  const rig = await start(answer);
  const client = await rig.client();
  const reads: number[] = [];
  client.socket.on('data', (piece: Buffer) => reads.push(piece.length));
  client.send(pipelined(10, ['Connection: close']));
  expect(targetsIn(await client.readUntilEnd())).toEqual(targets(10));
  expect(reads.length).toBe(1);
});

test('who waits for its turn is not idle: a server that closes answers what has come', async () => {
  const count = 200;
  let served = 0;
  let closed: Promise<void> | null = null;
  const rig = await start((exchange) => {
    // In the midst of what came with one read.
    if (++served === 30) closed = rig.server.close();
    answer(exchange);
  });
  const client = await rig.client();
  client.send(pipelined(count));
  const received = targetsIn(await client.readUntilEnd());
  await client.close();
  await closed;
  // The response that is under way says that it is the last.
  expect(received).toEqual(targets(30));
});

test('a request whose content is read in several turns can be aborted between them', async () => {
  const requests = new Requests();
  const rig = await start(requests.listener);
  const client = await rig.client();
  client.send(request('POST /', ['Transfer-Encoding: chunked']));
  const recorder = await requests.next();
  recorder.exchange.readBody(0);
  client.send('1;x=1\r\na\r\n'.repeat(50_000));
  await recorder.until(() => recorder.chunks.length > 0, 'content');
  recorder.exchange.reset();
  await client.expectClosed();
  expect(recorder.error).toBeNull();
});

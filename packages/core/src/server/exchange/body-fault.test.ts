/** Faults of a client within its content that the handler answers by itself (`onFault`). */
import { eventually, turn } from '@reverseit/test-servers';
import { describe, expect, test } from 'vitest';
import { Recorder, Requests, request, useRig } from '../../../test/server-rig.ts';
import type { ReverseItError } from '../../index.ts';

const start = useRig();

/** Answers faults when it is told to. */
class Answering extends Recorder {
  fault: ReverseItError | null = null;

  onFault(error: ReverseItError): boolean {
    expect(this.fault, 'a fault is told once').toBe(null);
    this.fault = error;
    return true;
  }
}

const broken = request('POST /', ['Transfer-Encoding: chunked'], '3\r\nabc\r\nnonsense\r\n');
const stalled = request('POST /', ['Content-Length: 10'], 'abc');

describe.each([
  ['RFC 9112 §7.1: a malformed chunk', broken, 'RIT_ERR_CHUNK_SYNTAX'],
  ['RFC 9110 §15.5.9: silence', stalled, 'RIT_ERR_BODY_TIMEOUT'],
] as const)('%s', (_, bytes, code) => {
  async function fault() {
    let handler: Answering | null = null;
    const rig = await start((exchange) => {
      handler = new Answering(exchange);
      exchange.readBody(50);
    });
    const client = await rig.client();
    client.send(bytes);
    const found = await eventually(() => (handler?.fault ? handler : false), 'the fault');
    return { rig, client, handler: found };
  }

  test('is told with its code, and answered in the handler’s own words, later', async () => {
    const { client, handler } = await fault();
    expect(handler.fault).toMatchObject({ code });
    await turn();
    handler.exchange.respond(422, [], 'ours');
    const answer = await client.readResponse();
    expect([answer.status, answer.text]).toEqual([422, 'ours']);
    // Nobody knows where the next request would begin.
    expect(answer.header('connection')).toBe('close');
    await client.expectFin();
    expect(handler.error).toBe(null);
  });

  test('whatever comes meanwhile is dropped', async () => {
    const { client, handler } = await fault();
    await client.write(Buffer.alloc(500_000, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    handler.exchange.respond(200, [], 'ours');
    expect((await client.readResponse()).text).toBe('ours');
    await client.expectFin();
    expect(handler.body).toBe('abc');
  });

  test('a client that only ends its side still gets the answer', async () => {
    const { client, handler } = await fault();
    client.end();
    await turn();
    handler.exchange.respond(200, [], 'ours');
    expect((await client.readResponse()).text).toBe('ours');
    await client.expectFin();
  });

  test('a client that leaves before is told as such', async () => {
    const { rig, client, handler } = await fault();
    client.reset();
    expect(await handler.aborted()).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
    await eventually(() => rig.server.stats().connections === 0, 'the connection to end');
    expect(rig.server.stats().activeExchanges).toBe(0);
  });

  test('without the method the server answers, and tells of it', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(bytes);
    const handler = await requests.next();
    handler.exchange.readBody(50);
    expect(await handler.aborted()).toMatchObject({ code });
    expect((await client.readResponse()).status).toBe(handler.error?.status);
    await client.expectFin();
  });
});

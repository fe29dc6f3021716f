/**
 * A client ends its sending side, or leaves, while requests or content of it are still held back by the
 * proxy: what was sent in full is served, what was not is given up, and a client that has gone does not
 * keep a backend busy.
 */
import { eventually } from '@reverseit/test-servers';
import { useCensus } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { expectPrompt, fine, get, head, post, useRig } from './fault-rig.ts';

useCensus();
const rig = useRig();

describe('client ends its side after bytes that are held back', () => {
  it('a streamed body that is complete is sent on (RFC 9112 §9.6)', async () => {
    const running = await rig({ proxy: { requestBodyBufferSize: 0, pool: { poolSize: 1 } } });
    const first = await running.client();
    first.send(get('/first'));
    const backend = await running.backend();
    await backend.expectRequest();

    const client = await running.client();
    client.send(`${post('/upload', 'content-length: 4')}body`);
    client.end();
    await eventually(() => running.proxy.stats().pools[0]?.waiting === 1, 'the wait for the pool');
    await eventually(() => client.socket.writableFinished, 'the FIN to be sent');

    await backend.send(fine);
    await first.readResponse();
    expect((await backend.expectRequest()).text).toBe('body');
    await backend.send(fine);
    expect((await client.readResponse()).text).toBe('fine');
    await client.expectFin();
  });

  it('a pipelined request that is complete is answered', async () => {
    const running = await rig();
    const client = await running.client();
    client.send(get('/first') + get('/second'));
    client.end();
    const backend = await running.backend();
    for (const target of ['/first', '/second']) {
      expect((await backend.expectRequest()).target).toBe(target);
      await backend.send(fine);
      expect((await client.readResponse()).text).toBe('fine');
    }
    await client.expectFin();
  });

  it.each([
    ['head', 'GET /second HTTP/1.1\r\nhost: '],
    ['body', `${post('/second', 'content-length: 10')}half`],
    ['chunked body', `${post('/second', 'transfer-encoding: chunked')}4\r\nhalf`],
  ])(
    'a pipelined request with half a %s ends the connection behind the first response',
    async (_, second) => {
      const running = await rig();
      const client = await running.client();
      client.send(get('/first') + second);
      client.end();
      const backend = await running.backend();
      await backend.expectRequest();
      await backend.send(fine);
      expect((await client.readResponse()).text).toBe('fine');
      await expectPrompt(client.reader.whenGone(), 'the end');
      await running.expectQuiet();
    },
  );
});

describe('client leaves', () => {
  it('the backend of a pipelined request hears of it, the first having been answered', async () => {
    const running = await rig();
    const client = await running.client();
    client.send(get('/first') + get('/second'));
    const backend = await running.backend();
    await backend.expectRequest();
    await client.close();
    // Too soon for the proxy to know that the client has not just ended its side.
    await backend.send(fine);
    if (await backend.reader.hasMore()) await backend.expectRequest();
    await expectPrompt(backend.whenPeerGone(), 'the backend hears of it');
    await running.expectQuiet();
  });

  it.each([
    ['with a length', head('content-length: 8')],
    ['chunked', head('transfer-encoding: chunked')],
    ['until the end of the connection', head()],
  ])('the backend that then begins a response hears of it: %s', async (_, start) => {
    const running = await rig();
    const client = await running.client();
    client.send(get());
    const backend = await running.backend();
    await backend.expectRequest();
    await client.close();
    await backend.send(start);
    await expectPrompt(backend.whenPeerGone(), 'the backend hears of it');
    await running.expectQuiet();
  });
});

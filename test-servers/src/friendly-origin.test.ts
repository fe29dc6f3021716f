import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startFriendlyOrigin } from './friendly-origin.ts';
import { deferred, guarded } from './guard.ts';
import { patternBytes, patternSha256 } from './pattern.ts';
import { connectRaw } from './raw-client.ts';
import { useCensus, useCleanup, useServer } from './use-server.ts';

useCensus();
const origin = useServer(() => startFriendlyOrigin());
const use = useCleanup();
const client = async () => use(await connectRaw({ port: origin().port }));
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('friendly origin', () => {
  it.each([
    ['/hello', { status: 200, text: 'Hello from the backend.\n' }],
    ['/status/418', { status: 418, text: 'status 418\n' }],
    ['/status/204', { status: 204, text: '' }],
    ['/nothing', { status: 404 }],
    ['//', { status: 200 }],
    ['/[/?x=%zz', { status: 404 }],
    ['/redirect', { status: 302 }],
    ['/stream?n=3&ms=0', { text: 'chunk 0\nchunk 1\nchunk 2\n', framing: 'chunked' }],
    ['/sse?n=1', { text: 'id: 0\ndata: event 0\n\n' }],
    ['/slow-body?n=3&ms=0', { bodyLength: 3, framing: 'length' }],
    ['/delay/1', { text: 'waited 1 ms\n' }],
    ['/bytes/200000', { sha256: patternSha256(200_000), framing: 'length' }],
    ['/chunked/200000', { sha256: patternSha256(200_000), framing: 'chunked' }],
    [
      '/trailers',
      {
        trailers: [
          ['x-checksum', 'abc123'],
          ['x-count', '1'],
        ],
      },
    ],
    ['/early-hints', { interim: [{ status: 103 }], text: 'after the hints\n' }],
    ['/api/items', { status: 200, text: '[{"id":1,"name":"one"},{"id":2,"name":"two"}]\n' }],
    ['/api/items/9', { status: 404 }],
  ])('%s', async (target, expected) => {
    expect(await (await client()).request(get(target))).toMatchObject(expected);
  });

  it('echoes the request as it saw it', async () => {
    const answer = await (await client()).request(
      'PUT /echo?x=%2e HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
    );
    expect(answer.json()).toMatchObject({
      method: 'PUT',
      target: '/echo?x=%2e',
      httpVersion: '1.1',
      rawHeaders: ['Host', 'a', 'X-A', '1', 'x-a', '2', 'Transfer-Encoding', 'chunked'],
      rawTrailers: ['X-T', '1'],
      bodyLength: 3,
      body: 'abc',
    });
  });

  it('digests an upload', async () => {
    const body = patternBytes(300_000);
    const peer = await client();
    peer.send(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
    peer.send(body);
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect((await peer.readResponse()).json()).toEqual({ length: body.length, sha256 });
  });

  it('repeats fields on /headers', async () => {
    const answer = await (await client()).request(get('/headers?n=3'));
    expect(answer.headers('set-cookie')).toEqual(['a=1; Path=/', 'b=2; HttpOnly']);
    expect(answer.fields).toContainEqual(['X-MiXeD-CaSe', 'kept']);
  });

  it('keeps a collection', async () => {
    const peer = await client();
    const send = (method: string, target: string, body = '') =>
      peer.request(
        `${method} ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    const made = await send('POST', '/api/items', '{"name":"three"}');
    expect(made).toMatchObject({ status: 201, text: '{"id":3,"name":"three"}\n' });
    expect(made.header('location')).toBe('/api/items/3');
    expect(await send('PUT', '/api/items/3', '{"name":"drei"}')).toMatchObject({ status: 200 });
    expect((await send('GET', '/api/items/3')).json()).toEqual({ id: 3, name: 'drei' });
    expect(await send('POST', '/api/items', 'nonsense')).toMatchObject({ status: 400 });
    expect(await send('DELETE', '/api/items/3')).toMatchObject({ status: 204 });
    expect(await send('GET', '/api/items/3')).toMatchObject({ status: 404 });
    expect(await send('PATCH', '/api/items')).toMatchObject({ status: 405 });
  });

  it('echoes over a websocket', async () => {
    const socket = new WebSocket(`${origin().url.replace('http', 'ws')}/ws`);
    const echoed = deferred<string>();
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (data) => echoed.resolve(String(data)));
    expect(await guarded(echoed.promise, 'the echo')).toBe('hello');
    const closed = deferred<number>();
    socket.on('close', (code) => closed.resolve(code));
    socket.close(1000);
    expect(await guarded(closed.promise, 'the close')).toBe(1000);
  });

  it('closes with connections open', async () => {
    const peer = await client();
    await peer.request(get('/hello'));
    expect(origin().connections()).toBe(1);
    await origin().close();
    await peer.expectClosed();
  });
});

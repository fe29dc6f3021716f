import { describe, expect, it } from 'vitest';
import { startMisbehavingOrigin } from './misbehaving-origin.ts';
import { misbehaviourNames } from './misbehaviours.ts';
import { connectRaw } from './raw-client.ts';
import { useCensus, useCleanup, useServer } from './use-server.ts';

useCensus();
const origin = useServer(() => startMisbehavingOrigin());
const use = useCleanup();
const client = async () => use(await connectRaw({ port: origin().port }));
const get = (target: string, method = 'GET'): string =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('misbehaving origin', () => {
  it('lists what it can do, and stays', async () => {
    const peer = await client();
    const list = await peer.request(get('/'));
    for (const name of misbehaviourNames) expect(list.text).toContain(`/${name}: `);
    expect(await peer.request(get('/what?'))).toMatchObject({ status: 404 });
  });

  it.each([
    'bad-status-line',
    'bad-status-code',
    'big-status-code',
    'status-99',
    'bad-version',
    'another-protocol',
    'reason-control',
    'bad-header',
    'space-before-colon',
    'empty-name',
    'obs-fold',
    'bare-lf',
    'bare-lf-in-value',
    'bare-cr-in-value',
    'control-character',
    'nul',
    'del',
    'bad-name',
    'repeated-length-same',
    'repeated-length-different',
    'length-list',
    'bad-length',
    'huge-length',
    'length-and-chunked',
    'gzip-coding',
    'chunked-not-last',
    'chunked-twice',
    'chunked-1.0',
    'bad-chunk-size',
    'bad-chunk-end',
    '204-with-length',
    '204-with-body',
    '204-chunked',
    'truncated-length',
    'truncated-chunked',
    'truncated-chunk',
    'truncated-trailers',
    'truncated-head',
    'fin-before-head',
    'reset-before-head',
    'until-close-reset',
    'reset-mid-body',
    'truncated-length-reset',
    'truncated-chunked-reset',
  ])('%s: a strict client objects', async (name) => {
    const peer = await client();
    peer.send(get(`/${name}`));
    await expect(peer.readResponse()).rejects.toMatchObject({
      name: expect.stringMatching(/^(?:MessageError|PeerGoneError)$/),
    });
  });

  it.each([
    ['until-close', 'until the end'],
    ['http10', 'abc'],
    ['http10-until-close', 'abc'],
    ['hints-then-answer', 'abc'],
    ['unsolicited-100', 'abc'],
    ['early-413', 'too large'],
    ['fin-after-response', 'last'],
  ])('%s: the response itself is good', async (name, text) => {
    expect(await (await client()).request(get(`/${name}`))).toMatchObject({ text });
  });

  it.each(['racing-close', 'racing-reset'])('%s takes a second request', async (name) => {
    const peer = await client();
    await peer.request(get(`/${name}`));
    peer.send(get('/'));
    expect(await peer.reader.whenGone()).toBe(name === 'racing-close' ? 'fin' : 'reset');
    expect(peer.reader.unread).toHaveLength(0);
  });

  it.each(['poison', 'poison-later', 'poison-408', 'extra-bytes', 'head-with-body'])(
    '%s: more bytes than a response',
    async (name) => {
      const peer = await client();
      const method = name === 'head-with-body' ? 'HEAD' : 'GET';
      peer.send(get(`/${name}`, method));
      await peer.readResponse({ method });
      expect((await peer.reader.some())?.length).toBeGreaterThan(2);
    },
  );

  it.each([
    'endless-head',
    'endless-body',
    'endless-chunks',
    'flood-100',
    'flood-103',
    'long-extension',
  ])('%s sends until the peer leaves', async (name) => {
    const peer = await client();
    peer.send(get(`/${name}`));
    await peer.reader.whenReceived(300_000);
    peer.reset();
    await origin().whenIdle();
  });

  it('never-reads holds an upload up', async () => {
    const peer = await client();
    peer.send(`POST /never-reads HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n`);
    const written = peer.write(Buffer.alloc(32 * 1024 * 1024));
    const connection = await origin().connection();
    await connection.done;
    peer.reset();
    expect(await written).toBe(false);
    expect(connection.bytesReceived).toBeLessThan(1024 * 1024);
  });
});

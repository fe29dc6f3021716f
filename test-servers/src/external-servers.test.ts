import { describe, expect, it } from 'vitest';
import {
  available,
  startHaproxy,
  startNginx,
  startPython,
  startPythonWebSockets,
} from './external-servers.ts';
import { connectFrames } from './frame-client.ts';
import { patternBytes, patternSha256 } from './pattern.ts';
import { connectRaw } from './raw-client.ts';
import { answerEach, response } from './script-steps.ts';
import { startScriptedOrigin } from './scripted-origin.ts';
import { useCensus, useCleanup } from './use-server.ts';

useCensus();
const use = useCleanup();
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const files = { hello: 'hello\n', 'sub/big': patternBytes(300_000) };
const recorder = async () =>
  use(await startScriptedOrigin({ script: answerEach(response(200, 'recorded')) }));

describe('servers of other makers', () => {
  it.skipIf(!available('nginx'))('nginx serves, stores and passes on', async () => {
    const server = use(await startNginx({ files }));
    const client = use(await connectRaw({ port: server.port }));
    expect(await client.request(get('/hello'))).toMatchObject({ status: 200, text: 'hello\n' });
    expect(await client.request(get('/sub/big'))).toMatchObject({ sha256: patternSha256(300_000) });
    const put = 'PUT /upload/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    client.send(`${put}3\r\nabc\r\n0\r\n\r\n`);
    expect(await client.readResponse()).toMatchObject({ status: 201 });
    expect(await client.request(get('/upload/x'))).toMatchObject({ text: 'abc' });
    const origin = await recorder();
    const proxy = use(await startNginx({ proxyTo: origin.url }));
    const other = use(await connectRaw({ port: proxy.port }));
    expect(await other.request(get('/a?b'))).toMatchObject({ text: 'recorded' });
    expect((await origin.request()).target).toBe('/a?b');
  });

  it.skipIf(!available('haproxy'))('HAProxy answers and passes on', async () => {
    const server = use(await startHaproxy());
    const client = use(await connectRaw({ port: server.port }));
    expect(await client.request(get('/'))).toMatchObject({ status: 200, text: 'hello\n' });
    const origin = await recorder();
    const proxy = use(await startHaproxy({ proxyTo: origin.url }));
    const other = use(await connectRaw({ port: proxy.port }));
    expect(await other.request(get('/a?b'))).toMatchObject({ text: 'recorded' });
    expect((await origin.request()).target).toBe('/a?b');
  });

  it.skipIf(!available('python'))('Python serves', async () => {
    const server = use(await startPython({ files }));
    const client = use(await connectRaw({ port: server.port }));
    expect(await client.request(get('/hello'))).toMatchObject({ version: '1.1', text: 'hello\n' });
    expect(await client.request(get('/sub/big'))).toMatchObject({ sha256: patternSha256(300_000) });
  });

  it.skipIf(!available('python-websockets'))('Python echoes over a websocket', async () => {
    const server = use(await startPythonWebSockets());
    const client = use(await connectFrames({ port: server.port, target: '/' }));
    await client.text('hello');
    expect((await client.readMessage()).payload.toString()).toBe('hello');
    expect(await client.shut(1000)).toMatchObject({ code: 1000 });
  });
});

/** WebSocket peers of other makers talk through the proxy: `ws`, Node's own client, Python's `websockets`. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { deferred, guarded, patternBytes } from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { WebSocketServer, WebSocket as WsSocket } from 'ws';
import { createServer } from '../src/index.ts';

useCensus();
const use = useCleanup();

const mebibyte = 1024 * 1024;
const sizes = [0, 1, 125, 126, 65_535, 65_536, mebibyte];
/** Codecs take their time: 16 MiB through four of them were longer than the guard on a busy machine. */
const largest = { plain: 16 * mebibyte, compressed: 4 * mebibyte };

interface Setup {
  /** permessage-deflate between client and proxy. */
  readonly compress: boolean;
  /** Answers every message with itself. Default: true. */
  readonly echo?: boolean;
}

/** A backend of the package `ws`, and a proxy before it. */
async function start({ compress, echo = true }: Setup) {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: true,
    handleProtocols: (offered) => (offered.has('second') ? 'second' : false),
  });
  await once(server, 'listening');
  const accepted = deferred<WsSocket>();
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    if (echo) socket.on('message', (data, binary) => socket.send(data, { binary }));
    accepted.resolve(socket);
  });
  use({
    close: async () => {
      for (const socket of server.clients) socket.terminate();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  });
  const { port } = server.address() as AddressInfo;
  const proxy = createServer({
    logger: null,
    backend: `ws://127.0.0.1:${port}`,
    websocketCompress: compress,
  });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const url = `ws://127.0.0.1:${'port' in address ? address.port : 0}/ws`;
  return { url, proxy, backend: () => guarded(accepted.promise, 'the backend to accept') };
}

async function connectWs(url: string, protocols: string[] = []): Promise<WsSocket> {
  const socket = new WsSocket(url, protocols, { perMessageDeflate: { threshold: 0 } });
  use({ close: () => socket.terminate() });
  await once(socket, 'open');
  return socket;
}

const onceGuarded = async (emitter: WsSocket, event: string): Promise<unknown[]> =>
  guarded(once(emitter, event), `the event ${event}`);

describe.each([false, true])('ws on both sides, websocketCompress: %s', (compress) => {
  const all = [...sizes, compress ? largest.compressed : largest.plain];
  it.each(all)('echoes binary and text of %i bytes', async (size) => {
    const { url } = await start({ compress });
    const client = await connectWs(url);
    expect(client.extensions).toBe(compress ? 'permessage-deflate' : '');
    const binary = patternBytes(size);
    client.send(binary);
    const [answer, isBinary] = await onceGuarded(client, 'message');
    expect(isBinary).toBe(true);
    expect(binary.equals(answer as Buffer)).toBe(true);
    const text = 'grüße '.repeat(Math.ceil(size / 8)).slice(0, size / 2);
    client.send(text);
    const [echoed, isText] = await onceGuarded(client, 'message');
    expect(isText).toBe(false);
    expect(String(echoed) === text).toBe(true);
  });

  it('passes pings and pongs both ways', async () => {
    const { url, backend } = await start({ compress });
    const client = await connectWs(url);
    const server = await backend();
    client.ping('from the client');
    expect(String(await onceGuarded(client, 'pong'))).toBe('from the client');
    const pinged = onceGuarded(client, 'ping');
    server.ping('from the backend');
    expect(String(await onceGuarded(server, 'pong'))).toBe('from the backend');
    expect(String(await pinged)).toBe('from the backend');
  });

  it.each(['client', 'backend'])('passes code and reason when the %s closes', async (who) => {
    const { url, backend, proxy } = await start({ compress });
    const client = await connectWs(url);
    const server = await backend();
    expect(proxy.stats().webSockets).toBe(1);
    const seen = [onceGuarded(client, 'close'), onceGuarded(server, 'close')];
    (who === 'client' ? client : server).close(4321, 'grüße');
    for (const [code, reason] of await Promise.all(seen)) {
      expect([code, String(reason)]).toEqual([4321, 'grüße']);
    }
    await proxy.close();
    expect(proxy.stats().webSockets).toBe(0);
  });

  it('passes fragments with control frames among them', async () => {
    const { url, backend } = await start({ compress });
    const client = await connectWs(url);
    const server = await backend();
    const pinged = onceGuarded(server, 'ping');
    client.send('first, ', { fin: false });
    client.ping('between');
    client.send('second, ', { fin: false });
    client.send('last', { fin: true });
    expect(String(await pinged)).toBe('between');
    expect(String((await onceGuarded(client, 'message'))[0])).toBe('first, second, last');
  });

  it('passes subprotocols', async () => {
    const { url, backend } = await start({ compress });
    const client = await connectWs(url, ['first', 'second']);
    expect(client.protocol).toBe('second');
    expect((await backend()).protocol).toBe('second');
    const other = await connectWs(url);
    expect(other.protocol).toBe('');
  });
});

describe("Node's own client", () => {
  it.each([false, true])('talks through it, websocketCompress: %s', async (compress) => {
    const { url } = await start({ compress });
    const socket = new WebSocket(url, ['second']);
    socket.binaryType = 'arraybuffer';
    const next = (event: string): Promise<Event> => {
      const { promise, resolve } = deferred<Event>();
      socket.addEventListener(event, resolve, { once: true });
      return guarded(promise, event);
    };
    await next('open');
    expect(socket.protocol).toBe('second');
    expect(socket.extensions.startsWith('permessage-deflate')).toBe(compress);
    socket.send('grüße'.repeat(1000));
    expect(((await next('message')) as MessageEvent).data).toBe('grüße'.repeat(1000));
    const bytes = patternBytes(mebibyte);
    socket.send(bytes);
    const { data } = (await next('message')) as MessageEvent;
    expect(bytes.equals(Buffer.from(data as ArrayBuffer))).toBe(true);
    const closed = next('close');
    socket.close(3999, 'done');
    expect(await closed).toMatchObject({ code: 3999, reason: 'done', wasClean: true });
  });
});

const python = '/usr/bin/python3';
const hasPython = spawnSync(python, ['-c', 'import websockets']).status === 0;

const script = `
import asyncio, sys
from websockets import connect

async def main():
    url, compression = sys.argv[1], sys.argv[2] == "true"
    async with connect(url, subprotocols=["second"], max_size=None,
                       compression="deflate" if compression else None) as socket:
        assert socket.subprotocol == "second", socket.subprotocol
        for size in (0, 1, 125, 126, 65535, 65536, 1 << 20, 16 << 20):
            data = bytes(i & 255 for i in range(997)) * (size // 997 + 1)
            await socket.send(data[:size])
            assert await socket.recv() == data[:size], size
        text = "gr\\u00fc\\u00dfe" * 20000
        await socket.send(text)
        assert await socket.recv() == text
        await socket.send(["a", "b" * 70000, "", "c"])
        assert await socket.recv() == "a" + "b" * 70000 + "c"
        await (await socket.ping(b"ping"))
        await socket.close(4000, "bye")
        assert (socket.close_code, socket.close_reason) == (4000, "bye")
    print("fine", end="")

asyncio.run(main())
`;

describe.skipIf(!hasPython)("Python's websockets", () => {
  it.each([false, true])('talks through it, websocketCompress: %s', async (compress) => {
    const { url } = await start({ compress });
    const child = spawn(python, ['-c', script, url, String(compress)]);
    use({ close: () => child.kill('SIGKILL') });
    let output = '';
    child.stdout.on('data', (text) => {
      output += String(text);
    });
    child.stderr.on('data', (text) => {
      output += String(text);
    });
    await guarded(once(child, 'close'), () => `python to end: ${output}`, 20_000);
    expect(output).toBe('fine');
  });
});

/**
 * What the tests of the Elixir original assert of WebSockets, one for one and in their order. The rest is
 * in `elixir-parity.test.ts`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answerEach,
  connectRaw,
  response,
  startFriendlyOrigin,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import {
  connectFrames,
  type FrameClient,
  handshakeRequest,
} from '@reverseit/test-servers/frame-client';
import { OPCODE } from '@reverseit/test-servers/frames';
import type { FriendlyOriginOptions } from '@reverseit/test-servers/friendly-origin';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';

useCensus();
const use = useCleanup();

/** The port of a proxy. */
async function startProxy(options: ReverseItOptions): Promise<number> {
  const proxy = createServer({ logger: null, ...options });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return 'port' in address ? address.port : 0;
}

/** A WebSocket through a proxy to a backend that echoes, and a way to open more of them. */
async function echoing(options: ReverseItOptions = {}, origin: FriendlyOriginOptions = {}) {
  const { url: backend } = use(await startFriendlyOrigin(origin));
  const port = await startProxy({ backend, ...options });
  const open = async (): Promise<FrameClient> => use(await connectFrames({ port }));
  return { client: await open(), open };
}

/** The next message as text. */
const textOf = async (client: FrameClient): Promise<string> => {
  const { opcode, payload } = await client.readMessage();
  expect(opcode).toBe(OPCODE.text);
  return payload.toString();
};

it('WebSocket rejection relayed', async () => {
  const fields = ['X-Reason: a', 'Set-Cookie: b=1', 'Keep-Alive: timeout=9'];
  const origin = use(
    await startScriptedOrigin({ script: answerEach(response(403, 'not you', fields)) }),
  );
  const client = use(await connectRaw({ port: await startProxy({ backend: origin.url }) }));
  const refused = await client.request(handshakeRequest());
  expect([refused.status, refused.text]).toEqual([403, 'not you']);
  const names = ['x-reason', 'set-cookie', 'keep-alive'];
  expect(names.map((name) => refused.header(name))).toEqual(['a', 'b=1', undefined]);
  // What a client may have sent after its handshake is no request.
  await client.expectFin();
});

it('WebSocket over a Unix socket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reverseit-'));
  use({ close: () => rm(folder, { recursive: true }) });
  const socketPath = join(folder, 'backend.sock');
  const { client } = await echoing(
    {
      backend: 'ws://provider-tunnel',
      unixSocket: socketPath,
      upstreamConnection: 'one-shot',
    },
    { socketPath },
  );
  await client.text('over-uds');
  expect(await textOf(client)).toBe('over-uds');
});

it('text', async () => {
  const { client } = await echoing();
  for (const text of ['Hello from test!', 'Second message, größer 🙂']) {
    await client.text(text);
    expect(await textOf(client)).toBe(text);
  }
  expect(await client.shut(1000, 'done')).toEqual({ code: 1000, reason: 'done' });
});

it('binary', async () => {
  const { client } = await echoing();
  await client.binary(Buffer.from([0, 1, 2, 254, 255]));
  const { opcode, payload } = await client.readMessage();
  expect([opcode, [...payload]]).toEqual([OPCODE.binary, [0, 1, 2, 254, 255]]);
});

it('ping/pong', async () => {
  const { client } = await echoing();
  await client.ping('test');
  const { opcode, payload } = await client.readFrame();
  expect([opcode, payload.toString()]).toEqual([OPCODE.pong, 'test']);
});

it('many at once', async () => {
  const { client: first, open } = await echoing();
  const clients = [first, ...(await Promise.all(Array.from({ length: 49 }, open)))];
  await Promise.all(clients.map((client, nth) => client.text(`From ${nth}`)));
  const echoes = await Promise.all(clients.map(textOf));
  expect(echoes).toEqual(clients.map((_, nth) => `From ${nth}`));
});

it('large', async () => {
  const { client } = await echoing();
  for (const size of [10_000, 70_000, 5_000_000]) {
    const text = `${size}:`.padEnd(size, 'A');
    await client.text(text);
    expect((await textOf(client)) === text).toBe(true);
  }
});

it('rapid', async () => {
  const { client } = await echoing();
  const messages = Array.from({ length: 1000 }, (_, nth) => `Message ${nth}`);
  await client.sendAll(...messages.map((payload) => ({ opcode: OPCODE.text, payload })));
  const echoes: string[] = [];
  while (echoes.length < messages.length) echoes.push(await textOf(client));
  expect(echoes).toEqual(messages);
});

it('empty', async () => {
  const { client } = await echoing();
  await client.text('');
  expect(await textOf(client)).toBe('');
  await client.binary(Buffer.alloc(0));
  expect(await client.readMessage()).toMatchObject({ opcode: OPCODE.binary, fragments: 1 });
});

it('oversize', async () => {
  const { client } = await echoing({ maxWebsocketFrameSize: 128 });
  await client.text('A'.repeat(128));
  expect(await textOf(client)).toBe('A'.repeat(128));
  await client.text('A'.repeat(129));
  expect((await client.readClose()).code).toBe(1009);
});

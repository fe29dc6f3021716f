/**
 * The client takes its response slowly, so that the proxy holds the backend back; then either of them
 * fails. What has arrived is delivered, what is missing is seen to be missing, and the proxy holds no
 * more than a little.
 */
import {
  eventually,
  type OriginConnection,
  patternBytes,
  patternChunks,
  type RawClient,
} from '@reverseit/test-servers';
import { useCensus } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { expectPrompt, get, head, type Rig, useRig } from './fault-rig.ts';
import { memoryInUse } from './garbage.ts';

useCensus();
const rig = useRig();

const large = 24 * 1024 * 1024;

interface Paused {
  readonly client: RawClient;
  readonly backend: OriginConnection;
  /** Settles when the backend has got rid of its response; false: it could not. */
  readonly sending: Promise<boolean>;
}

const sendWhole = (backend: OriginConnection): Promise<boolean> =>
  backend.send(patternBytes(large));

async function sendInPieces(backend: OriginConnection): Promise<boolean> {
  for (const piece of patternChunks(large)) if (!(await backend.send(piece))) return false;
  return true;
}

/** A response that is stuck: the client does not read, the buffers between are full. */
async function paused(
  rig: Rig,
  start: string,
  version = '1.1',
  sendBody: (backend: OriginConnection) => Promise<boolean> = sendWhole,
): Promise<Paused> {
  const client = await rig.client({ maxUnreadBytes: 2 * large });
  client.send(`GET / HTTP/${version}\r\nhost: proxy.test\r\n\r\n`);
  const backend = await rig.backend();
  await backend.expectRequest();
  await backend.send(start);
  await client.readHead();
  client.pauseReading();
  const sending = sendBody(backend).catch(() => false);
  let taken = -1;
  let still = 0;
  await eventually(() => {
    const { bytesWritten, writableLength } = backend.socket;
    const now = bytesWritten - writableLength;
    still = now === taken ? still + 1 : 0;
    taken = now;
    return still > 200;
  }, 'the buffers to be full');
  expect(backend.socket.writableLength, 'the backend is held back').toBeGreaterThan(0);
  return { client, backend, sending };
}

const framings = [
  ['with a length', head(`content-length: ${large}`)],
  ['until the end', head()],
] as const;

describe.each(framings)('a response %s waits for the client', (framing, start) => {
  it('and is delivered whole when it reads on', async () => {
    const running = await rig();
    const { client, backend, sending } = await paused(running, start, '1.0');
    void sending.then(() => framing === 'until the end' && backend.end());
    client.resumeReading();
    const body = await client.reader.take(large);
    expect(body.equals(patternBytes(large))).toBe(true);
    expect(await client.expectClosed()).toBe('fin');
    await running.expectQuiet();
  });

  it('and the backend closes in good order after the last byte', async () => {
    const running = await rig();
    const { client, backend } = await paused(running, start, '1.0');
    backend.end();
    client.resumeReading();
    expect((await client.reader.take(large)).equals(patternBytes(large))).toBe(true);
    expect(await client.expectClosed()).toBe('fin');
    await running.expectQuiet();
    await running.expectEmptyPool();
  });

  it('and the backend resets: the client sees that it is cut', async () => {
    const running = await rig();
    const { client, backend } = await paused(running, start, '1.0');
    // Not read, so not noticed before the client reads on, or responseSendTimeout.
    backend.reset();
    client.resumeReading();
    await client.expectReset();
    await running.expectQuiet();
    await running.expectFresh();
  });

  it.each(['FIN', 'RST'])('and the client leaves with %s: the backend hears of it', async (how) => {
    const running = await rig();
    const { client, backend } = await paused(running, start);
    if (how === 'RST') client.reset();
    await client.close();
    await expectPrompt(backend.whenPeerGone(), 'the backend hears of it');
    await running.expectQuiet();
    await running.expectFresh();
  });

  it('and the client ends its sending side: it is delivered whole', async () => {
    const running = await rig();
    const { client, backend, sending } = await paused(running, start, '1.0');
    client.end();
    await eventually(() => client.socket.writableFinished, 'the FIN to be sent');
    void sending.then(() => framing === 'until the end' && backend.end());
    client.resumeReading();
    expect((await client.reader.take(large)).equals(patternBytes(large))).toBe(true);
    await client.expectFin();
    await running.expectQuiet();
  });
});

describe('a response that is shorter than it announced waits for the client', () => {
  it('and is cut, not ended', async () => {
    const running = await rig();
    const start = head(`content-length: ${large + 1}`);
    const { client, backend } = await paused(running, start);
    backend.end();
    client.resumeReading();
    await client.expectReset();
    await running.expectQuiet();
    await running.expectFresh();
  });
});

describe('memory', () => {
  it('stays bounded while a large response waits', async () => {
    const running = await rig();
    const before = (await memoryInUse()).arrayBuffers;
    const { client, sending } = await paused(running, framings[0][1], '1.1', sendInPieces);
    const held = (await memoryInUse()).arrayBuffers - before;
    expect(held, 'bytes held').toBeLessThan(2 * 1024 * 1024);
    client.resumeReading();
    expect(await sending).toBe(true);
    const response = await client.reader.take(large);
    expect(response.equals(patternBytes(large))).toBe(true);
  });
});

describe('many clients that do not read', () => {
  it('leave at once, and every backend connection is given up', async () => {
    const running = await rig({ manual: 20, proxy: { pool: { poolSize: 20 } } });
    const clients = await Promise.all(Array.from({ length: 20 }, () => running.client()));
    const size = 1024 * 1024;
    for (const [index, client] of clients.entries()) {
      client.pauseReading();
      client.send(get(`/${index}`));
      const backend = await running.backend(index);
      await backend.expectRequest();
      await backend.send(head(`content-length: ${8 * size}`));
      void backend.send(patternBytes(8 * size)).catch(() => false);
    }
    for (const client of clients) client.reset();
    await Promise.all(running.origin.connections.map((backend) => backend.whenPeerGone()));
    await running.expectQuiet();
    await running.expectEmptyPool();
    await running.expectFresh();
  });
});

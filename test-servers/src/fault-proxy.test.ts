import { describe, expect, it } from 'vitest';
import { type LinkFaults, startFaultProxy } from './fault-proxy.ts';
import { turn } from './guard.ts';
import { patternBytes } from './pattern.ts';
import { connectRaw } from './raw-client.ts';
import { type Step, startScriptedOrigin } from './scripted-origin.ts';
import { useCensus, useCleanup } from './use-server.ts';

useCensus();
const use = useCleanup();

const echo: Step = async (connection) => {
  for (let piece = await connection.reader.some(); piece !== null; ) {
    await connection.send(piece);
    piece = await connection.reader.some();
  }
  connection.end();
};

async function through(faults: LinkFaults = {}, script: Step = echo) {
  const origin = use(await startScriptedOrigin({ script }));
  const proxy = use(await startFaultProxy({ target: { port: origin.port }, faults }));
  const client = use(await connectRaw({ port: proxy.port }));
  return { origin, proxy, client, link: await proxy.link() };
}

describe('fault proxy', () => {
  it('passes bytes and both ends on', async () => {
    const { client, link, proxy } = await through();
    const bytes = patternBytes(3_000_000);
    const written = client.write(bytes).then(() => client.end());
    expect((await client.readUntilEnd()).equals(bytes)).toBe(true);
    await written;
    expect(link.bytes('toTarget')).toBe(bytes.length);
    await client.close();
    await expect.poll(() => link.closed).toBe(true);
    expect(proxy.openSockets).toBe(0);
  });

  it('delays', async () => {
    const { client } = await through({ toTarget: { latencyMs: 40 }, toClient: { latencyMs: 40 } });
    const start = performance.now();
    client.send('a');
    await client.reader.take(1);
    expect(performance.now() - start).toBeGreaterThanOrEqual(79);
  });

  it('has little bandwidth', async () => {
    const { client } = await through({ toClient: { bytesPerSecond: 100_000 } });
    const start = performance.now();
    client.send(Buffer.alloc(10_000));
    await client.reader.take(10_000);
    expect(performance.now() - start).toBeGreaterThanOrEqual(95);
  });

  it('loses time, and no byte', async () => {
    const { client } = await through({ toTarget: { lossRate: 0.5, retransmitMs: 10 } });
    const bytes = patternBytes(100_000);
    const start = performance.now();
    client.send(bytes);
    expect((await client.reader.take(bytes.length)).equals(bytes)).toBe(true);
    expect(performance.now() - start).toBeGreaterThanOrEqual(50);
  });

  it('ends at a byte', async () => {
    const { client, link } = await through({ toClient: { finAt: 5 } });
    client.send('0123456789');
    expect((await client.readUntilEnd()).toString()).toBe('01234');
    expect(link.bytes('toClient')).toBe(5);
  });

  it('resets at a byte', async () => {
    const { client, origin } = await through({ toTarget: { resetAt: 5 } });
    const connection = await origin.connection();
    client.send('0123456789');
    await client.expectReset();
    expect(await connection.whenPeerGone()).toBe('reset');
  });

  it('resets after a FIN that is on its way', async () => {
    const { client, origin, link } = await through();
    const connection = await origin.connection();
    client.send('0123456789');
    await client.reader.take(10);
    link.fin('toTarget');
    // The FIN is asked for, before anything of it is told.
    await new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)));
    link.reset();
    await client.expectReset();
    await connection.whenPeerGone();
    await expect.poll(() => link.closed).toBe(true);
  });

  it('passes a reset after bytes on, also to a client that has ended its side', async () => {
    const { client } = await through({}, async (connection) => {
      await connection.reader.takeAll();
      await connection.send('0123456789');
      connection.reset();
    });
    client.end();
    expect(await client.reader.whenGone()).toBe('reset');
  });

  it('stalls at a byte until it is released', async () => {
    const { client, link } = await through({ toTarget: { stallAt: 5 } });
    client.send('0123456789');
    expect((await client.reader.take(5)).toString()).toBe('01234');
    for (let i = 0; i < 20; i += 1) await turn();
    expect(client.reader.unread).toHaveLength(0);
    link.release('toTarget');
    expect((await client.reader.take(5)).toString()).toBe('56789');
  });

  it('holds the sender back while it stalls', async () => {
    const { client, link } = await through({ toTarget: { stallAt: 0 } });
    const bytes = patternBytes(32_000_000);
    let done = false;
    const written = client.write(bytes).then(() => {
      done = true;
    });
    for (let i = 0; i < 200; i += 1) await turn();
    expect(done).toBe(false);
    expect(link.bytes('toTarget')).toBe(0);
    link.release('toTarget');
    client.end();
    expect(await client.reader.drain()).toBe('fin');
    await written;
    expect(client.bytesReceived).toBe(bytes.length);
  });

  it('cuts the cable: neither bytes nor the end arrive', async () => {
    const { client, origin, link } = await through({ toTarget: { blackholeAt: 3 } });
    client.send('0123456789');
    expect((await client.reader.take(3)).toString()).toBe('012');
    client.reset();
    await client.close();
    const connection = await origin.connection();
    for (let i = 0; i < 20; i += 1) await turn();
    expect(connection.reader.departure).toBe(undefined);
    expect(link.bytes('toTarget')).toBe(3);
  });

  it('takes orders while a connection runs', async () => {
    const { client, link } = await through();
    client.send('ab');
    await client.reader.take(2);
    link.set('toClient', { resetAt: 4 });
    client.send('cdef');
    await client.expectReset();
    await expect.poll(() => link.closed).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { eventually } from './guard.ts';
import { connectRaw, type RawClientOptions } from './raw-client.ts';
import { end, expectBytes, reset, script, send } from './script-steps.ts';
import { type Script, startScriptedOrigin } from './scripted-origin.ts';
import { useCensus, useCleanup } from './use-server.ts';

useCensus();
const use = useCleanup();

async function reading(steps: Script, options: RawClientOptions = {}) {
  const origin = use(await startScriptedOrigin({ script: steps }));
  const client = use(await connectRaw({ port: origin.port, guardMs: 2000, ...options }));
  return { origin, client, reader: client.reader };
}

describe('socket reader', () => {
  it('takes bytes by number, delimiter, predicate and end', async () => {
    const { reader } = await reading(script(send('abc|def|ghijkl', { pieceBytes: 1 }), end()));
    expect((await reader.take(2)).toString()).toBe('ab');
    expect((await reader.takeThrough('|d')).toString()).toBe('c|d');
    const upToPipe = (unread: Buffer) => (unread.includes('|') ? 3 : undefined);
    expect((await reader.takeWhen(upToPipe)).toString()).toBe('ef|');
    expect((await reader.some(1))?.toString()).toBe('g');
    expect((await reader.takeAll()).toString()).toBe('hijkl');
    expect(await reader.some()).toBe(null);
    expect(reader.received.toString()).toBe('abc|def|ghijkl');
  });

  it('fails at once when the peer has left', async () => {
    const { reader } = await reading(script(send('ab'), end()));
    await expect(reader.take(3)).rejects.toThrow('3 bytes, of which 2 came (fin)');
    await expect(reader.takeThrough('x')).rejects.toMatchObject({ name: 'PeerGoneError' });
    expect(await reader.hasMore()).toBe(true);
  });

  it('tells a reset from an end, and both from its own close', async () => {
    const broken = await reading(script(expectBytes(1), reset()));
    broken.client.send('a');
    expect(await broken.reader.drain()).toBe('reset');
    const ended = await reading(script(send('ab'), end()));
    expect(await ended.reader.drain()).toBe('fin');
    const { client, reader } = await reading([]);
    await client.close();
    await expect(reader.drain()).rejects.toThrow('closed by this side');
    await expect(reader.take(1)).rejects.toThrow('closed by this side');
  });

  it('bounds a delimiter that does not come', async () => {
    const { reader } = await reading(send('a'.repeat(2000)));
    await expect(reader.takeThrough('\n', 1000)).rejects.toThrow('within 1000 bytes');
  });

  it('reads no further than it may unless it is asked', async () => {
    const options = { maxUnreadBytes: 1000, maxRecordedBytes: 10 };
    const { client, reader } = await reading(send(Buffer.alloc(8_000_000)), options);
    await eventually(() => client.socket.isPaused(), 'the pause');
    expect(reader.bytesReceived).toBeLessThan(1_000_000);
    expect(await reader.take(8_000_000)).toHaveLength(8_000_000);
    expect(reader.received).toHaveLength(10);
  });
});

import { describe, expect, it } from 'vitest';
import { closeMany, dripBytes, fillUntilStuck, inParallel, openMany, readSlowly } from './flood.ts';
import { connectRaw } from './raw-client.ts';
import { answerEach, pauseReading, response, script } from './script-steps.ts';
import { startScriptedOrigin } from './scripted-origin.ts';
import { useCensus, useCleanup } from './use-server.ts';

useCensus();
const use = useCleanup();
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('flood', () => {
  it('opens many and closes them', async () => {
    const origin = use(await startScriptedOrigin({ script: answerEach(response(200)) }));
    const clients = await openMany(120, { port: origin.port, batch: 50 });
    await origin.connection(119);
    expect(origin.openConnections).toBe(120);
    const statuses = await inParallel(clients, 10, async (c) => (await c.request(get)).status);
    expect(statuses).toEqual(Array(120).fill(200));
    await closeMany(clients);
    await origin.whenIdle();
  });

  it('fails when one cannot be opened', async () => {
    const origin = await startScriptedOrigin();
    const { port } = origin;
    await origin.close();
    await expect(openMany(3, { port })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('drips and reads slowly', async () => {
    const origin = use(await startScriptedOrigin({ script: answerEach(response(200)) }));
    const client = use(await connectRaw({ port: origin.port }));
    expect(await dripBytes(client, get, 0)).toBe(get.length);
    expect(await readSlowly(client, 10, 3, 0)).toBe(10);
    await origin.close();
    expect(await dripBytes(client, get, 0)).toBeLessThan(get.length);
  });

  it('fills what nobody empties', async () => {
    const origin = use(await startScriptedOrigin({ script: script(pauseReading()) }));
    const client = use(await connectRaw({ port: origin.port }));
    await (await origin.connection()).done;
    const held = await fillUntilStuck(client.socket, { quietMs: 100 });
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(32 * 1024 * 1024);
  });
});

import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { census, countInCensus, expectCensus, survivors } from './census.ts';
import { connectRaw } from './raw-client.ts';
import { startScriptedOrigin } from './scripted-origin.ts';

describe('census', () => {
  it('names helpers and sockets that are left', async () => {
    const before = census();
    const origin = await startScriptedOrigin();
    const client = await connectRaw({ port: origin.port });
    const failure = expectCensus(before, 20);
    await expect(failure).rejects.toThrow(/still open: client connected to port/);
    await expect(failure).rejects.toThrow(/TCPWRAP, made by connectRaw .*raw-client/);
    await client.close();
    await origin.close();
    await expectCensus(before);
  });

  it('sees an unreferenced timer', async () => {
    const before = census();
    const timer = setTimeout(() => {}, 60_000);
    timer.unref();
    expect(survivors(before)).toEqual([expect.stringMatching(/^Timeout, made by .*census\.test/)]);
    clearTimeout(timer);
    await expectCensus(before);
  });

  it('sees an unreferenced server', async () => {
    const before = census();
    const server = createServer().listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    expect(survivors(before)).toEqual([expect.stringMatching(/^TCPSERVERWRAP/)]);
    server.close();
    await expectCensus(before);
  });

  it('counts what it is told to count', () => {
    let parsers = 3;
    countInCensus('parsers', () => parsers);
    const before = census();
    parsers = 5;
    expect(survivors(before)).toEqual(['parsers: 2 more than before']);
    parsers = 3;
    expect(survivors(before)).toEqual([]);
  });
});

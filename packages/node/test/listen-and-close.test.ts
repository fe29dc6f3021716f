/** `listen` and `close` as an application calls them, with what it may get wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterAll, describe, expect, it } from 'vitest';
import { createHandler, createServer, type ListenAddress } from '../src/index.ts';

useCensus();
const use = useCleanup();

const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
afterAll(() => rmSync(folder, { recursive: true }));

function start() {
  const proxy = createServer({ respond: { body: 'here' } });
  use({ close: () => proxy.close({ timeout: 0 }) });
  return proxy;
}

describe('listen', () => {
  const path = join(folder, 'socket');
  const loopback = { host: '127.0.0.1', port: expect.any(Number) };
  const everywhere = { host: expect.any(String), port: expect.any(Number) };
  it.each<[string | number | ListenAddress, object]>([
    ['127.0.0.1:0', loopback],
    [{ host: '127.0.0.1', port: 0 }, loopback],
    [0, everywhere],
    [':0', everywhere],
    [{ port: 0 }, everywhere],
    [`unix:${path}`, { path }],
    [{ path }, { path }],
  ])('takes %j', async (where, address) => {
    const proxy = start();
    expect(await proxy.listen(where)).toEqual(address);
    expect(proxy.address()).toEqual(address);
  });

  it.each([
    ['nowhere', /^cannot listen on "nowhere"; expected "HOST:PORT"/],
    [65_536, /^cannot listen on 65536; expected "HOST:PORT"/],
    [null, /^cannot listen on null; expected "HOST:PORT"/],
    [[], /^cannot listen: .*expected at least one address$/],
    [['127.0.0.1:0', 'x'], /^cannot listen: .*listen\[1\]: "x" is not accepted/],
    [{ port: -1 }, /^cannot listen on \*:-1: /],
    [{ host: '127.0.0.1' }, /^cannot listen on 127\.0\.0\.1:undefined: /],
  ])('refuses %j, and may be called again', async (where, message) => {
    const proxy = start();
    await expect(proxy.listen(where as ListenAddress)).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'RIT_ERR_LISTEN',
      message: expect.stringMatching(message),
    });
    expect(proxy.address()).toBe(null);
    expect(await proxy.listen('127.0.0.1:0')).toEqual(loopback);
  });
});

describe('close', () => {
  const wrong = [-1, Number.NaN, '10' as unknown as number, null as unknown as number];

  it.each(wrong)('with a timeout of %j closes nothing', async (timeout) => {
    const refused = { name: 'ConfigError', code: 'RIT_ERR_CONFIG' };
    const proxy = start();
    await proxy.listen('127.0.0.1:0');
    await expect(proxy.close({ timeout })).rejects.toMatchObject(refused);
    expect(proxy.address()).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
    const handler = createHandler({ respond: {} });
    await expect(handler.close({ timeout })).rejects.toMatchObject(refused);
    await handler.close();
  });
});

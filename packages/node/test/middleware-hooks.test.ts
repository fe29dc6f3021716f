/** Hooks of a handler, where they differ from those of a server or could be passed by. */
import { describe, expect, it } from 'vitest';
import { bypassCases } from './hook-cases.ts';
import { hosts, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();

describe('a hook beside routes that refuses is never passed by', () => {
  it.each(bypassCases)('$name', async ({ bytes, routes, onRequest }) => {
    const rig = await start({
      host: async (handler) => (await hosts['node:http'](handler)).on('upgrade', handler.upgrade),
      options: { onRequest, routes },
    });
    expect((await rig.request(bytes)).status).toBe(401);
    expect(rig.origin.connectionCount).toBe(0);
  });
});

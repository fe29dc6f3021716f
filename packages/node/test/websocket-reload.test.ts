/** WebSockets of a proxy whose options are replaced while it runs (`reload`). */
import { answerEach, connectRaw, response, startScriptedOrigin } from '@reverseit/test-servers';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import { request } from './harness.ts';
import { asSeen, readFrames, useWebSocketRig } from './websocket-rig.ts';

const startRig = useWebSocketRig();
const use = useCleanup();

it('lets live WebSockets be', async () => {
  const rig = await startRig();
  const { client, backend } = await rig.open();
  const other = use(await startScriptedOrigin({ script: answerEach(response(200, 'other')) }));
  for (let times = 0; times < 3; times++) rig.proxy.reload({ logger: null, backend: other.url });
  for (const [from, to] of [
    [client, backend],
    [backend, client],
  ] as const) {
    from.send({ opcode: 1, payload: 'alive' });
    expect(await readFrames(to, 1)).toEqual([asSeen({ opcode: 1, payload: 'alive' })]);
  }
  const fresh = use(await connectRaw({ port: rig.port }));
  expect((await fresh.request(request('GET /'))).text).toBe('other');
});

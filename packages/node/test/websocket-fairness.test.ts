/**
 * What one WebSocket may do to the others: all of its frames pass, a share in each turn of the event loop.
 */
import { deflateRawSync } from 'node:zlib';
import { encodeFrame, OPCODE } from '@reverseit/test-servers/frames';
import { describe, expect, it } from 'vitest';
import { atRest, readFrames, useWebSocketRig } from './websocket-rig.ts';

const start = useWebSocketRig();

const { text, binary, ping } = OPCODE;
const deflate = 'Sec-WebSocket-Extensions: permessage-deflate';

/** RFC 7692 §7.2.1: without the end that every flush has. */
const compressed = deflateRawSync(Buffer.from('x'), { finishFlush: 2 }).subarray(0, -4);

const floods = [
  { name: 'messages of one byte', count: 40_000, spec: { opcode: text, payload: 'x' } },
  { name: 'empty messages', count: 40_000, spec: { opcode: binary } },
  { name: 'pings', count: 10_000, spec: { opcode: ping, payload: 'x' } },
  {
    name: 'compressed messages of one byte',
    count: 5000,
    spec: { opcode: text, rsv: 4, payload: compressed },
  },
] as const;

describe.each(floods)('$name', ({ name, count, spec }) => {
  const compress = name.startsWith('compressed');
  const setup = { proxy: { websocketCompress: compress } };

  it('all arrive, and what another one sends comes in between', async () => {
    const rig = await start(setup);
    const attacker = await rig.open(compress ? { fields: [deflate] } : {});
    const victim = await rig.open();
    const flood = Buffer.concat(Array(count).fill(encodeFrame(spec, true)));
    attacker.client.socket.write(flood);
    await victim.client.send({ opcode: text, payload: 'me too' });
    expect((await victim.backend.readFrame()).payload.toString()).toBe('me too');
    const payloadBytes = name.startsWith('empty') ? 0 : 1;
    expect(attacker.backend.reader.bytesReceived).toBeLessThan(count * (6 + payloadBytes));
    const seen = await readFrames(attacker.backend, count);
    expect(seen.every(({ opcode }) => opcode === spec.opcode)).toBe(true);
    if (compress) expect(seen.every(({ payload }) => payload === 'x')).toBe(true);
  });
});

it('frames that come with a backend’s 101 wait for a client that does not read', async () => {
  const count = 30_000;
  const early = Buffer.concat(
    Array(count).fill(encodeFrame({ opcode: binary, payload: 'x' }, false)),
  );
  const rig = await start({ accept: { early } });
  const { client, backend } = await rig.open();
  client.reader.hold();
  backend.socket.write(early);
  await atRest(backend);
  client.reader.resume();
  const seen = await readFrames(client, 2 * count);
  expect(seen.every(({ payload }) => payload === 'x')).toBe(true);
});

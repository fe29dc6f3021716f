/** What the access record tells of a WebSocket. */
import { deferred, guarded } from '@reverseit/test-servers';
import { encodeFrame, encodeFrameHead, OPCODE } from '@reverseit/test-servers/frames';
import { expect, it } from 'vitest';
import type { AccessRecord } from '../src/index.ts';
import { useWebSocketRig } from './websocket-rig.ts';

const start = useWebSocketRig();
const { text, binary, ping, continuation } = OPCODE;

async function open() {
  const record = deferred<AccessRecord>();
  const rig = await start({ proxy: { onFinish: record.resolve } });
  return { ...(await rig.open()), record: guarded(record.promise, 'the record') };
}

it('counts the payload of data frames both ways, and no control frame', async () => {
  const { client, backend, record } = await open();
  const frames = [
    { opcode: text, fin: false, payload: 'ab' },
    { opcode: ping, payload: 'not counted' },
    { opcode: continuation, payload: 'cde' },
    { opcode: binary, payload: '' },
    { opcode: binary, payload: Buffer.alloc(70_000) },
  ];
  await client.sendBytes(Buffer.concat(frames.map((frame) => encodeFrame(frame, true))));
  while ((await backend.readFrame()).payload.length < 70_000);
  await backend.text('1234567');
  expect((await client.readMessage()).payload.toString()).toBe('1234567');
  await client.sendClose(1000);
  await backend.readClose();
  await backend.sendClose(1000);
  backend.socket.end();
  client.socket.end();
  expect(await record).toMatchObject({ status: 101, bytesReceived: 70_005, bytesSent: 7 });
});

it('counts what came of a frame that never ended', async () => {
  const { client, backend, record } = await open();
  const { bytes } = encodeFrameHead({ opcode: binary, length: 1000 }, true);
  await client.sendBytes(Buffer.concat([bytes, Buffer.alloc(400)]));
  await backend.readHead();
  await backend.reader.take(400);
  client.socket.resetAndDestroy();
  await backend.expectClosed();
  expect(await record).toMatchObject({ bytesReceived: 400, bytesSent: 0 });
});

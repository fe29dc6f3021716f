/** Two tunnels of a connection that send everything back, whatever frames and windows do to it. */
import { patternBytes } from '@reverseit/test-servers';
import {
  data,
  end,
  get,
  Http2Client,
  open,
  settings,
  windowUpdate,
} from '@reverseit/test-servers/http2-client';
import { frame } from '@reverseit/test-servers/http2-frames';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { useRig } from '../../../test/server-rig.ts';
import { FLAG, FRAME, maxWindow, SETTING } from '../../http2/protocol.ts';
import type { Exchange } from '../../index.ts';

const start = useRig();

const connect = [':method', 'CONNECT', ':protocol', 'echo', ...get().slice(2)];

const echo = (exchange: Exchange): void => {
  const tunnel = { shutdown: () => {}, destroy: () => {} };
  const { socket, early } = exchange.switchProtocols([], tunnel);
  socket.on('error', () => {});
  socket.write(early);
  socket.pipe(socket);
};

const id = fc.constantFrom(1, 3);
const size = fc.oneof(fc.nat(8), fc.nat(4000));

type Operation =
  | { readonly kind: 'data'; readonly id: number; readonly size: number; readonly padding: number }
  | { readonly kind: 'window'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'initial'; readonly bytes: number }
  | { readonly kind: 'turn' };

const operation = fc.oneof(
  fc.record({ kind: fc.constant('data' as const), id, size, padding: fc.constantFrom(-1, 0, 7) }),
  fc.record({
    kind: fc.constant('window' as const),
    id: fc.constantFrom(0, 1, 3),
    bytes: fc.integer({ min: 1, max: 3000 }),
  }),
  fc.record({ kind: fc.constant('initial' as const), bytes: fc.nat(3000) }),
  fc.record({ kind: fc.constant('turn' as const) }),
) satisfies fc.Arbitrary<Operation>;

/** A DATA frame; `padding`: -1 for none. */
function dataFrame(streamId: number, bytes: Buffer, padding: number): Buffer {
  if (padding < 0) return data(streamId, bytes);
  const padded = Buffer.concat([Buffer.from([padding]), bytes, Buffer.alloc(padding)]);
  return frame(FRAME.DATA, FLAG.PADDED, streamId, padded);
}

test('RFC 8441 §5: what comes back is what was sent, and no window is exceeded', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
      const rig = await start(echo, { protocols: ['http2'] });
      const client = await Http2Client.connect((rig.address as { port: number }).port);
      client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 0));
      client.send(open(1, connect), open(3, connect));
      const sent = new Map<number, Buffer[]>([
        [1, []],
        [3, []],
      ]);
      // What the server may send of each stream, from all that it has been told.
      const granted = new Map([
        [1, 0],
        [3, 0],
      ]);
      let highest = 0;
      for (const step of operations) {
        if (step.kind === 'data') {
          const bytes = patternBytes(step.size);
          sent.get(step.id)?.push(bytes);
          client.send(dataFrame(step.id, bytes, step.padding));
        } else if (step.kind === 'window') {
          client.send(windowUpdate(step.id, step.bytes));
          granted.set(step.id, (granted.get(step.id) ?? 0) + step.bytes);
        } else if (step.kind === 'initial') {
          client.send(settings(SETTING.INITIAL_WINDOW_SIZE, step.bytes));
          highest = Math.max(highest, step.bytes);
        } else await client.ponged();
      }
      await client.ponged();
      for (const streamId of [1, 3]) {
        const { body } = client.stream(streamId);
        expect(body.length).toBeLessThanOrEqual((granted.get(streamId) ?? 0) + highest);
      }
      client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 1 << 20), windowUpdate(0, maxWindow >> 1));
      for (const streamId of [1, 3]) {
        client.send(end(streamId));
        const { body, reset } = await client.response(streamId);
        expect(reset).toBe(null);
        const all = Buffer.concat(sent.get(streamId) ?? []);
        expect(Buffer.from(body, 'latin1').equals(all)).toBe(true);
      }
      await client.close();
      await rig.server.close();
    }),
    {
      numRuns: Math.min(1000, fc.readConfigureGlobal()?.numRuns ?? 50),
      // An interruption would leave connections open.
      interruptAfterTimeLimit: 3_600_000,
    },
  );
});

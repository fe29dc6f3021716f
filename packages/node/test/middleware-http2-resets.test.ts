/** Clients over HTTP/2 that reset the stream of their request (RFC 9113 §8.1), behind `createHandler`. */
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  connectRaw,
  eventually,
  guarded,
  type RawClient,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import {
  block,
  clientPreface,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  RST_STREAM,
  uint32,
} from '@reverseit/test-servers/http2-frames';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { type AccessRecord, createHandler, type HandlerOptions } from '../src/index.ts';

useCensus();
const use = useCleanup();

const NO_ERROR = 0;
const CANCEL = 8;

async function start(options: HandlerOptions) {
  const origin = use(await startScriptedOrigin());
  const records: AccessRecord[] = [];
  const handler = createHandler({
    ...options,
    backend: origin.url,
    onFinish: (record) => void records.push(record),
  });
  use(handler);
  const server = http2.createServer((request, response) => handler(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  use({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  const client: RawClient = use(await connectRaw({ port: (server.address() as AddressInfo).port }));
  client.send(clientPreface());
  return { origin, records, handler, client };
}

const post = (...fields: string[]): Buffer =>
  frame(
    HEADERS,
    END_HEADERS,
    1,
    block(':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/x', ...fields),
  );
const reset = (code: number): Buffer => frame(RST_STREAM, 0, 1, uint32(code));

describe.for(['undici', 'direct'] as const)('over %s', (transport) => {
  const streamed = { pool: { transport }, requestBodyBufferSize: 0 };

  it.for([
    ['NO_ERROR, without a length', NO_ERROR, []],
    ['NO_ERROR, short of the length', NO_ERROR, ['content-length', '10']],
    ['CANCEL, without a length', CANCEL, []],
    ['CANCEL, short of the length', CANCEL, ['content-length', '10']],
  ] as const)(
    'a streamed upload that is reset with %s never looks complete',
    async ([, code, fields]) => {
      const { origin, records, client } = await start(streamed);
      client.send(Buffer.concat([post(...fields), frame(DATA, 0, 1, '12345')]));
      const backend = await origin.connection();
      await backend.reader.takeThrough('12345');
      client.send(reset(code));
      await guarded(backend.whenPeerGone(), 'the backend to be let go');
      expect(backend.received.toString('latin1')).toMatch(/12345(?:\r\n)?$/);
      await eventually(() => records.length === 1, 'the record');
      expect(records[0]).toMatchObject({ status: 499, errorCode: 'RIT_ERR_CLIENT_ABORTED' });
    },
  );

  it.for([NO_ERROR, CANCEL])(
    'one that comes in one read with its reset (%i) looks complete to nobody',
    async (code) => {
      const { origin, handler, client } = await start(streamed);
      client.send(Buffer.concat([post(), frame(DATA, 0, 1, '12345'), reset(code)]));
      // Another request, that gets there after it.
      client.send(
        frame(
          HEADERS,
          END_HEADERS | END_STREAM,
          3,
          block(':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/after'),
        ),
      );
      const received = () =>
        origin.connections.map((connection) => connection.received.toString('latin1'));
      await eventually(() => received().some((text) => text.includes('/after')), 'the request');
      // Of the first, nothing at all or a part that is cut off.
      expect(received().filter((text) => text.includes('0\r\n\r\n'))).toEqual([]);
      await client.close();
      await eventually(() => handler.stats().activeExchanges === 0, 'the handler to be idle');
    },
  );

  it.for([NO_ERROR, CANCEL])(
    'a collected upload that is reset (%i) gets to nobody',
    async (code) => {
      const { origin, records, handler, client } = await start({ pool: { transport } });
      client.send(Buffer.concat([post(), frame(DATA, 0, 1, '12345')]));
      await eventually(() => handler.stats().activeExchanges === 1, 'the request to begin');
      client.send(reset(code));
      await eventually(() => records.length === 1, 'the record');
      expect(records[0]).toMatchObject({ status: 499, errorCode: 'RIT_ERR_CLIENT_ABORTED' });
      expect(origin.connectionCount).toBe(0);
    },
  );

  it.for([NO_ERROR, CANCEL])(
    'a complete request whose response is not wanted any more (%i) is given up',
    async (code) => {
      const { origin, records, client } = await start(streamed);
      client.send(Buffer.concat([post(), frame(DATA, END_STREAM, 1, '12345')]));
      const backend = await origin.connection();
      await backend.expectRequest();
      client.send(reset(code));
      await guarded(backend.whenPeerGone(), 'the backend to be let go');
      await eventually(() => records.length === 1, 'the record');
      expect(records[0]).toMatchObject({ status: 499, errorCode: 'RIT_ERR_CLIENT_ABORTED' });
    },
  );

  it('an upload that is not read when its stream is reset with NO_ERROR is given up at once', async () => {
    const { origin, client } = await start(streamed);
    client.send(Buffer.concat([post(), frame(DATA, 0, 1, '1'.repeat(16_384))]));
    const backend = await origin.connection();
    // The backend takes nothing, so that the client is not read.
    backend.pauseReading();
    for (let nth = 0; nth < 3; nth += 1) client.send(frame(DATA, 0, 1, '1'.repeat(16_384)));
    client.send(reset(NO_ERROR));
    backend.resumeReading();
    await guarded(backend.whenPeerGone(), 'the backend to be let go');
    expect(backend.received.toString('latin1').endsWith('0\r\n\r\n')).toBe(false);
  });
});

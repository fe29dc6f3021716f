/** Uploads that stall below `requestBodyBufferSize` are bounded together, by `maxBufferedRequestBytes`. */
import {
  connectRaw,
  eventually,
  patternBytes,
  patternSha256,
  type RawClient,
  startFriendlyOrigin,
} from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import { createServer } from '../src/index.ts';

useCensus();
const use = useCleanup();

const KiB = 1024;
const size = 64 * KiB;
const body = patternBytes(size);

const framings = {
  'Content-Length': { line: `Content-Length: ${size}`, piece: (bytes: Buffer) => bytes, end: '' },
  'Transfer-Encoding': {
    line: 'Transfer-Encoding: chunked',
    piece: (bytes: Buffer) =>
      Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]),
    end: '0\r\n\r\n',
  },
} as const;

it.each(['Content-Length', 'Transfer-Encoding'] as const)(
  'RFC 9110 §9, %s: of 20 uploads, those that pass it are streamed, the others wait',
  async (framing) => {
    const { line, piece, end } = framings[framing];
    const origin = use(await startFriendlyOrigin());
    const proxy = use(
      createServer({ logger: null, backend: origin.url, maxBufferedRequestBytes: 10 * size }),
    );
    const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
    const port = 'port' in address ? address.port : 0;
    const uploads: RawClient[] = [];
    for (let nth = 0; nth < 20; nth += 1) {
      const client = use(await connectRaw({ port }));
      client.send(`POST /upload HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`);
      await client.write(piece(body.subarray(0, size - 1)));
      uploads.push(client);
    }
    // Ten of 65535 bytes fit; each of the others asks its backend.
    await eventually(
      () => proxy.stats().pools[0]?.active === 10,
      () => `ten uploads to be streamed: ${JSON.stringify(proxy.stats())}`,
    );
    expect(proxy.stats().activeExchanges).toBe(20);

    for (const client of uploads) {
      client.send(Buffer.concat([piece(body.subarray(size - 1)), Buffer.from(end)]));
      expect((await client.readResponse()).json()).toEqual({
        length: size,
        sha256: patternSha256(size),
      });
    }
    // What was held is given back: the next one waits again.
    const client = use(await connectRaw({ port }));
    const before = origin.requests();
    client.send(`POST /upload HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`);
    await client.write(piece(body.subarray(0, size - 1)));
    await eventually(() => proxy.stats().activeExchanges === 1, 'the upload to be under way');
    expect([proxy.stats().pools[0]?.active, origin.requests()]).toEqual([0, before]);
  },
);

/** Uploads that stall below `requestBodyBufferSize` are bounded together: design §4, 256 MiB over all. */
import {
  connectRaw,
  eventually,
  patternBytes,
  type RawClient,
  startFriendlyOrigin,
} from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import { createServer } from '../src/index.ts';

useCensus(30_000);
const use = useCleanup();

const MiB = 1024 * 1024;
const budget = 256 * MiB;
const guardMs = 60_000;
const piece = patternBytes(4 * MiB);

async function send(client: RawClient, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += piece.length) await client.write(piece);
}

it('two uploads, each below it, together beyond', { timeout: guardMs * 2 }, async () => {
  const origin = use(await startFriendlyOrigin());
  const proxy = use(
    createServer({
      backend: origin.url,
      maxRequestBodySize: Number.POSITIVE_INFINITY,
      requestBodyBufferSize: budget,
    }),
  );
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? address.port : 0;
  const upload = async (): Promise<RawClient> => {
    const client = use(await connectRaw({ port, guardMs }));
    client.send(`PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${budget}\r\n\r\n`);
    return client;
  };

  const first = await upload();
  await send(first, 160 * MiB);
  const second = await upload();
  await send(second, 64 * MiB);
  // 224 MiB wait, and no backend has been asked.
  await eventually(() => proxy.stats().activeExchanges === 2, 'both uploads to be under way');
  expect(origin.requests()).toBe(0);

  await send(second, 64 * MiB);
  // 288 MiB would wait: the one that passes the budget is streamed, the other one waits on.
  await eventually(() => origin.requests() === 1, 'the second upload to be streamed', guardMs);

  await send(second, budget - 128 * MiB);
  expect(JSON.parse((await second.readResponse()).text)).toMatchObject({ length: budget });
  expect(origin.requests()).toBe(1);
});

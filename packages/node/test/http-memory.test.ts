/**
 * The memory of content is freed as soon as nobody holds on to it. Were it freed earlier, other content
 * would stand in its place: so many messages, each unlike the others, pass by peers of different speed,
 * and both ends tell the sums of what they saw.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, Server } from 'node:http';
import { Agent, createServer as createHttpServer, request as httpRequest } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { patternBytes, turn } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';

useCensus();
const use = useCleanup();
const { ca, server: keyPair } = testCertificates();

const sizes = [70_000, 1000, 65_536, 1_048_576, 200_000, 1_500_000, 16_384, 5_000_000];

/** Content of a request or a response, by its number. */
const content = (nth: number): Buffer =>
  patternBytes(sizes[nth % sizes.length] as number, nth * 1009);

const sumOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Reads all, with a pause before each piece but those that come while it is read, and sums it up. */
async function readSum(from: Readable, pauses: number): Promise<string> {
  const sum = createHash('sha256');
  for await (const piece of from) {
    sum.update(piece as Buffer);
    for (let i = 0; i < pauses; i++) await turn();
  }
  return sum.digest('hex');
}

async function write(to: Writable, bytes: Buffer, partBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += partBytes) {
    if (!to.write(bytes.subarray(at, at + partBytes))) await once(to, 'drain');
  }
  to.end();
}

const framing = (nth: number, bytes: Buffer): OutgoingHttpHeaders =>
  nth % 3 === 0
    ? { 'transfer-encoding': 'chunked', trailer: 'x-end' }
    : { 'content-length': bytes.length };

const slowness = (nth: number): number => [0, 3, 0, 12][nth % 4] as number;

/** Answers the sum of what came, and content that follows from the number in the target. */
async function startBackend(secure: boolean): Promise<number> {
  const server: Server = secure ? createHttpsServer(keyPair) : createHttpServer();
  server.on('request', async (request, response) => {
    const nth = Number(request.url?.substring(1));
    const sum = await readSum(request, slowness(nth));
    const bytes = content(nth + 1);
    response.writeHead(200, { ...framing(nth + 1, bytes), 'x-sum': sum });
    if (nth % 3 === 2) response.addTrailers({ 'x-end': 'e'.repeat(2000) });
    await write(response, bytes, [65_536, 150_000, 3000][nth % 3] as number);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  use({
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return (server.address() as AddressInfo).port;
}

it.each<[string, boolean, ReverseItOptions]>([
  ['collected and streamed', false, {}],
  ['all streamed', false, { requestBodyBufferSize: 0 }],
  ['all collected', false, { requestBodyBufferSize: 10_000_000 }],
  ['over TLS on both sides', true, { tls: keyPair, pool: { tls: { ca } } }],
])('content stays what it is: %s', async (_, secure, options) => {
  const backendPort = await startBackend(secure);
  const backend = `${secure ? 'https://localhost' : 'http://127.0.0.1'}:${backendPort}`;
  const proxy = createServer({ logger: null, backend, ...options });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? address.port : 0;
  const { Agent: ChosenAgent, request: send } = secure
    ? await import('node:https')
    : { Agent, request: httpRequest };
  const agent = new ChosenAgent({ keepAlive: true, maxSockets: 12 });
  use({ close: () => agent.destroy() });

  const exchange = async (nth: number): Promise<void> => {
    const bytes = content(nth);
    const request = send({
      agent,
      port,
      method: 'POST',
      path: `/${nth}`,
      headers: framing(nth, bytes),
      ...(secure ? { ca, servername: 'localhost' } : {}),
    });
    const answered = once(request, 'response');
    await write(request, bytes, [100_000, 20_000][nth % 2] as number);
    const [response] = (await answered) as [IncomingMessage];
    expect([nth, response.statusCode, response.headers['x-sum']]).toEqual([nth, 200, sumOf(bytes)]);
    expect(await readSum(response, slowness(nth + 2))).toBe(sumOf(content(nth + 1)));
  };
  await Promise.all(Array.from({ length: 16 }, (_, nth) => exchange(nth)));
});

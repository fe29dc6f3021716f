import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { usesNodeInternals } from '@reverseit/core/internal';
import { expect, onTestFinished, test } from 'vitest';
import { awaitsContinue } from './sent-continue.ts';

/** A response to a request with `Expect: 100-continue`, as the event of the server brings it. */
async function responseOf(event: 'request' | 'checkContinue'): Promise<ServerResponse> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { expect: '100-continue', 'content-length': '1' };
  const client = request({ port, host: '127.0.0.1', method: 'POST', headers });
  client.on('error', () => undefined);
  client.flushHeaders();
  const [, response] = (await once(server, event)) as [unknown, ServerResponse];
  return response;
}

test.runIf(usesNodeInternals)('tells what Node has sent (RFC 9110 §10.1.1)', async () => {
  const asked = await responseOf('checkContinue');
  expect(awaitsContinue(asked)).toBe(true);
  asked.writeContinue();
  expect(awaitsContinue(asked)).toBe(false);
  expect(awaitsContinue(await responseOf('request'))).toBe(false);
});

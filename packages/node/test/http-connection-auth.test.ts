/** Backends that authenticate the connection and not the request: NTLM, Negotiate (RFC 4559). */
import { expect, test } from 'vitest';
import { runConnectionAuthCases } from './connection-auth-cases.ts';
import { request, useProxy } from './harness.ts';
import { ntlmOrigin } from './ntlm-origin.ts';

const start = useProxy();

runConnectionAuthCases(() => start({ origin: ntlmOrigin }));

test('where the backend lost the connection, the client logs in afresh', async () => {
  const bench = await start({ origin: ntlmOrigin });
  const client = await bench.connect();
  const get = (...fields: string[]) => client.request(request('GET /', fields));
  for (let nth = 0; nth < 2; nth += 1) {
    await get('Authorization: NTLM one');
    expect((await get('Authorization: NTLM three-a')).text).toBe('page of a, ');
    (await bench.origin.connection(nth)).destroy();
    await bench.origin.whenIdle();
    await bench.whenPoolEmpty();
    expect((await get()).status).toBe(401);
  }
});

test('a route whose connections are one-shot serves nobody for another', async () => {
  const bench = await start({ origin: ntlmOrigin, options: { upstreamConnection: 'one-shot' } });
  const client = await bench.connect();
  await client.request(request('GET /', ['Authorization: NTLM one']));
  const page = await client.request(request('GET /', ['Authorization: NTLM three-a']));
  expect(page.text).toBe('page of a, ');
  expect((await client.request(request('GET /'))).status).toBe(401);
});

/** Connections to backends over TLS, counted under the load of many clients through the whole proxy. */
import { testCertificates } from '@reverseit/test-servers/certificates';
import { available, startNginx } from '@reverseit/test-servers/external-servers';
import { startHttpsThread } from '@reverseit/test-servers/https-thread';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { request, useProxy } from './harness.ts';

const start = useProxy();
const use = useCleanup();
const { ca, server: tls } = testCertificates();
const clients = 50;
const requestsPerClient = 20;

describe.each([
  ['Node', true, () => startHttpsThread(tls)],
  ['nginx', available('nginx'), () => startNginx({ files: { hello: 'hello\n' }, tls })],
] as const)('RFC 9112 §9.3: a backend over TLS (%s)', (_, installed, startBackend) => {
  it.skipIf(!installed)('gets no more connections than there are clients', async () => {
    const backend = `https://127.0.0.1:${use(await startBackend()).port}`;
    // On a slow machine this takes its time; that is not what is tested.
    const patience = { poolTimeout: 0, responseHeaderTimeout: 0, upstreamIdleTimeout: 0 };
    const pool = { tls: { ca }, connectTimeout: 0 };
    const bench = await start({ options: { backend, pool, ...patience } });
    const connected = await Promise.all(Array.from({ length: clients }, () => bench.connect()));
    await Promise.all(
      connected.map(async (client) => {
        for (let i = 0; i < requestsPerClient; i++) {
          const answered = await client.request(request('GET /hello'));
          expect([answered.status, answered.text]).toEqual([200, 'hello\n']);
        }
      }),
    );
    const { opened, reused } = bench.pool;
    expect(opened).toBeLessThanOrEqual(clients);
    expect(opened + reused).toBe(clients * requestsPerClient);
  });
});

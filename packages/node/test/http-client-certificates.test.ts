/** Certificates of clients for the backend (RFC 9440): `clientCertificate`. */
import { X509Certificate } from 'node:crypto';
import https from 'node:https';
import { connectRaw } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';

const start = useProxy();
const use = useCleanup();

const { ca, server, client, strangeClient } = testCertificates();
const tls = { ...server, ca, requestCert: true };
const forged = [
  'Client-Cert: :Zm9yZ2Vk:',
  'client_cert: :Zm9yZ2Vk:',
  'CLIENT-CERT-CHAIN: :Zm9yZ2Vk:',
  'Client_Cert-Chain: :Zm9yZ2Vk:',
];
const inField = (pem: string): string => `:${new X509Certificate(pem).raw.toString('base64')}:`;

/** What the backend gets of two requests on a connection. */
async function seenBy(
  options: ReverseItOptions,
  pair: typeof client | null,
): Promise<(string | undefined)[][]> {
  const bench = await start({ options });
  const asking = use(
    await connectRaw({
      port: bench.port,
      ...(options.tls === undefined ? {} : { tls: { ca, servername: 'localhost', ...pair } }),
    }),
  );
  for (let nth = 0; nth < 2; nth++) {
    expect((await asking.request(request('GET /x', forged))).status).toBe(200);
  }
  await asking.close();
  return bench.origin.requests.map((got) =>
    ['client-cert', 'client_cert', 'client-cert-chain', 'client_cert-chain'].map((name) =>
      got.header(name),
    ),
  );
}

const nothing = [undefined, undefined, undefined, undefined];

describe('RFC 9440 §2', () => {
  it('a verified certificate is passed on, and what the client says of it is not', async () => {
    const leaf = [inField(client.cert), undefined, undefined, undefined];
    expect(await seenBy({ tls, clientCertificate: true }, client)).toEqual([leaf, leaf]);
  });

  it('§2.3: with "chain" those that have signed it', async () => {
    const [first, second] = await seenBy({ tls, clientCertificate: 'chain' }, client);
    expect(first).toEqual([inField(client.cert), undefined, inField(ca), undefined]);
    expect(second).toEqual(first);
  });

  it('none where the client has shown none', async () => {
    const lenient = { ...tls, rejectUnauthorized: false };
    const seen = await seenBy({ tls: lenient, clientCertificate: true }, null);
    expect(seen).toEqual([nothing, nothing]);
  });

  it('none where nobody vouches for it', async () => {
    const lenient = { ...tls, rejectUnauthorized: false };
    const seen = await seenBy({ tls: lenient, clientCertificate: true }, strangeClient);
    expect(seen).toEqual([nothing, nothing]);
  });

  it('§3: none without TLS, and what the client says is dropped', async () => {
    expect(await seenBy({ clientCertificate: true }, null)).toEqual([nothing, nothing]);
  });

  it('without the option the fields are like any other', async () => {
    const [first] = await seenBy({ tls }, client);
    expect(first).toEqual([':Zm9yZ2Vk:', ':Zm9yZ2Vk:', ':Zm9yZ2Vk:', ':Zm9yZ2Vk:']);
  });

  it('a client that a listener refuses gets no response', async () => {
    const bench = await start({ options: { tls, clientCertificate: true } });
    const asking = https.get({ port: bench.port, host: '127.0.0.1', ca, agent: false });
    await expect(
      new Promise((resolve, reject) => asking.once('response', resolve).once('error', reject)),
    ).rejects.toThrow();
    expect(bench.seenBytes).toBe('');
  });
});

/** What the options of `pool.tls` do in a handshake. */
import { createPrivateKey } from 'node:crypto';
import { connect, createSecureContext, type TLSSocket, type TlsOptions } from 'node:tls';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, test } from 'vitest';
import type { PoolTlsOptions } from '../src/index.ts';
import { FakeNetwork } from './fake-network.ts';
import { bench } from './harness.ts';
import { http2Bench } from './http2-rig.ts';
import type { OriginConnection } from './raw-origin.ts';
import { archive, revocationList } from './tls-fixtures.ts';

const certificates = testCertificates();
const { ca, client } = certificates;
const server = { cert: certificates.server.cert, key: certificates.server.key };
const answer = (connection: OriginConnection) =>
  connection.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');

/** Sends one request; answers what came of it, and the backend's side of the handshake. */
async function handshake(tls: PoolTlsOptions, backend: TlsOptions = {}, verifyTls = true) {
  const it = await bench(answer, {
    origin: { tls: { ...server, ...backend } },
    pool: { tls, verifyTls },
  });
  const sent = await it.send().done;
  return { it, sent, socket: it.origin.connections[0]?.socket as TLSSocket };
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)('minVersion and maxVersion: %s', async (version) => {
  const { sent, socket } = await handshake({ ca, minVersion: version, maxVersion: version });
  expect(sent.body).toBe('ok');
  expect(socket.getProtocol()).toBe(version);
});

test('a backend below minVersion is refused', async () => {
  const { sent } = await handshake({ ca, minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' });
  expect(sent.events).toEqual(['UPSTREAM_TLS']);
});

test('ciphers, sigalgs', async () => {
  const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384';
  const sigalgs = 'ecdsa_secp256r1_sha256';
  const { sent, socket } = await handshake({ ca, maxVersion: 'TLSv1.2', ciphers, sigalgs });
  expect(sent.body).toBe('ok');
  expect(socket.getCipher().name).toBe(ciphers);
  expect(socket.getSharedSigalgs()).toEqual(['ECDSA+SHA256']);
});

test('ecdhCurve: none in common', async () => {
  const { sent } = await handshake({ ca, ecdhCurve: 'P-384' }, { ecdhCurve: 'P-256' });
  expect(sent.events).toEqual(['UPSTREAM_TLS']);
});

describe('a certificate of ours', () => {
  const asking = { requestCert: true, rejectUnauthorized: false };

  test('key with a passphrase', async () => {
    const key = createPrivateKey(client.key)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' })
      .toString();
    const tls = { ca, cert: client.cert, key, passphrase: 'open' };
    const { sent, socket } = await handshake(tls, asking);
    expect(sent.body).toBe('ok');
    expect(socket.getPeerCertificate().subject.CN).toBe('a client');
  });

  test('pfx', async () => {
    const { sent, socket } = await handshake({ ca, pfx: archive, passphrase: 'open' }, asking);
    expect(sent.body).toBe('ok');
    expect(socket.getPeerCertificate().subject.CN).toBe('archive');
  });
});

test('crl: a backend that no list clears is refused', async () => {
  const { sent } = await handshake({ ca, crl: revocationList });
  expect(sent.error?.message).toMatch(/UNABLE_TO_GET_CRL/);
});

describe('checkServerIdentity', () => {
  test('is given the name and the certificate, and may refuse', async () => {
    const seen: unknown[] = [];
    const refuse = (name: string, { subject }: { subject: { CN: string } }) => {
      seen.push(name, subject.CN);
      return Object.assign(new Error('not that one'), { code: 'ERR_TLS_NOT_THAT_ONE' });
    };
    const { sent } = await handshake({ ca, checkServerIdentity: refuse as never });
    expect(sent.events).toEqual(['UPSTREAM_TLS']);
    expect(sent.error?.message).toMatch(/ERR_TLS_NOT_THAT_ONE/);
    expect(seen).toEqual(['127.0.0.1', 'localhost']);
  });

  test('may accept what Node would not', async () => {
    const { wrongName } = certificates;
    const backend = { cert: wrongName.cert, key: wrongName.key };
    const { sent } = await handshake({ ca, checkServerIdentity: () => undefined }, backend);
    expect(sent.body).toBe('ok');
  });
});

test('session: the first connection resumes it', async () => {
  const { it, sent } = await handshake({ ca, maxVersion: 'TLSv1.2' });
  expect(sent.body).toBe('ok');
  const { port } = new URL(it.origin.url);
  const other = connect({ port: Number(port), ca, servername: 'localhost', maxVersion: 'TLSv1.2' });
  await new Promise((resolve) => other.once('secureConnect', resolve));
  const session = other.getSession()!;
  other.destroy();
  const resumed: boolean[] = [];
  it.origin.server.on('secureConnection', (socket: TLSSocket) => {
    resumed.push(socket.isSessionReused());
  });
  const next = await bench(answer, {
    pool: { tls: { ca, maxVersion: 'TLSv1.2', session } },
  });
  const to = next.pool.origin(it.origin.url.replace('127.0.0.1', 'localhost'));
  expect((await next.send(undefined, null, to).done).body).toBe('ok');
  expect(resumed).toEqual([true]);
  await next.pool.destroy();
});

test('requestOCSP', async () => {
  const it = await bench(answer, {
    origin: { tls: server },
    pool: { tls: { ca, requestOCSP: true } },
  });
  let asked = 0;
  it.origin.server.on('OCSPRequest', (_, __, respond: (error: null, answer: null) => void) => {
    asked++;
    respond(null, null);
  });
  expect((await it.send().done).body).toBe('ok');
  expect(asked).toBe(1);
});

test('pskCallback (RFC 4279)', async () => {
  const psk = Buffer.from('0123456789abcdef');
  const shared = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;
  const { sent, socket } = await handshake(
    {
      ...shared,
      pskCallback: () => ({ psk, identity: 'us' }),
      checkServerIdentity: () => undefined,
    },
    { ...shared, pskCallback: (_, identity) => (identity === 'us' ? psk : null) },
  );
  expect(sent.body).toBe('ok');
  expect(socket.getCipher().name).toBe(shared.ciphers);
});

test('secureContext', async () => {
  const secureContext = createSecureContext({ ca, maxVersion: 'TLSv1.2' });
  const { sent, socket } = await handshake({ secureContext });
  expect(sent.body).toBe('ok');
  expect(socket.getProtocol()).toBe('TLSv1.2');
});

test('HTTP/2 takes them as well', async () => {
  const start = (tls: PoolTlsOptions) =>
    http2Bench(
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.end('ok');
      },
      { tls: true, pool: { tls }, server: { maxVersion: 'TLSv1.2' } },
    );
  expect((await (await start({ ca })).send().done).body).toBe('ok');
  const refused = await start({ ca, minVersion: 'TLSv1.3' });
  expect((await refused.send().done).events).toEqual(['UPSTREAM_TLS']);
});

test('a socket that won a race takes them as well', async () => {
  const it = await bench(answer, {
    network: new FakeNetwork({ '192.0.2.1': 'refuses', '192.0.2.2': 'connects' }),
    origin: { tls: { ...server, maxVersion: 'TLSv1.2' } },
    pool: { tls: { ca, minVersion: 'TLSv1.3' } },
  });
  const to = it.pool.origin(it.origin.url.replace('127.0.0.1', 'localhost'));
  expect((await it.send(undefined, null, to).done).events).toEqual(['UPSTREAM_TLS']);
});

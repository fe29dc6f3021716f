import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { testCertificates } from './certificates.ts';
import { startFriendlyOrigin } from './friendly-origin.ts';
import { connectRaw } from './raw-client.ts';
import { answerEach, expectRequest, reset, response, script } from './script-steps.ts';
import { startScriptedOrigin } from './scripted-origin.ts';
import { useCensus, useCleanup } from './use-server.ts';

useCensus();
const use = useCleanup();
const { ca, server, client, strangeClient, ...others } = testCertificates();
const get = 'GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('certificates', () => {
  it('are made once and signed by the authority', () => {
    expect(testCertificates().server).toBe(server);
    const authority = new X509Certificate(ca);
    expect(authority.ca).toBe(true);
    for (const { cert } of [server, client, others.expired, others.wrongName]) {
      expect(new X509Certificate(cert).verify(authority.publicKey)).toBe(true);
    }
    expect(new X509Certificate(strangeClient.cert).verify(authority.publicKey)).toBe(false);
    expect(new X509Certificate(server.cert).checkIP('::1')).toBe('::1');
  });

  it.each(['localhost', '127.0.0.1'])('let a client speak TLS with %s', async (servername) => {
    const origin = use(await startFriendlyOrigin({ tls: server }));
    const tls = servername === 'localhost' ? { ca, servername } : { ca, host: servername };
    const peer = use(await connectRaw({ port: origin.port, tls }));
    expect(await peer.request(get)).toMatchObject({ status: 200 });
  });

  it.each([
    ['wrongName', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['expired', 'CERT_HAS_EXPIRED'],
    ['notYetValid', 'CERT_NOT_YET_VALID'],
    ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ] as const)('%s is refused', async (name, code) => {
    const origin = use(await startScriptedOrigin({ tls: others[name] }));
    const tls = { ca, servername: 'localhost' };
    await expect(connectRaw({ port: origin.port, tls })).rejects.toMatchObject({ code });
  });

  it('tell clients apart', async () => {
    const tls = { ...server, ca, requestCert: true, rejectUnauthorized: true };
    const origin = use(
      await startScriptedOrigin({
        tls,
        scripts: [answerEach(response(200)), script(expectRequest(), reset())],
      }),
    );
    const with_ = (pair: object) =>
      connectRaw({ port: origin.port, tls: { ca, servername: 'localhost', ...pair } });
    const known = use(await with_(client));
    expect(await known.request(get)).toMatchObject({ status: 200 });
    // TLS 1.3 tells a client after the handshake that it is not wanted.
    const stranger = use(await with_(strangeClient));
    await stranger.expectClosed();
    expect(origin.connectionCount).toBe(1);
    const second = use(await with_(client));
    second.send(get);
    await second.expectReset();
  });
});

import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, it } from 'vitest';
import { HttpServer } from '../server.ts';
import { resolveServerOptions, type ServerOptions } from './server-options.ts';

const { server: pair, client } = testCertificates();
const expected = 'expected key and cert, pfx, certificates, SNICallback or pskCallback';

describe('tls is checked before anything listens', () => {
  it.each<[string, NonNullable<ServerOptions['tls']>]>([
    ['key and cert', pair],
    ['a choice by name', { SNICallback: () => {} }],
    ['a shared key', { pskCallback: () => null }],
    ['no word of protocols', { ...pair, ALPNProtocols: undefined }],
  ])('%s is accepted', (_, tls) => {
    expect(resolveServerOptions({ tls }).tls).toEqual(tls);
  });

  it.each<[string, NonNullable<ServerOptions['tls']>, string]>([
    ['nothing', {}, `tls: key and cert missing; ${expected}`],
    ['no key', { cert: pair.cert }, `tls: key missing; ${expected}`],
    ['no certificate', { key: pair.key }, `tls: cert missing; ${expected}`],
    ['null for none', { key: pair.key, cert: null } as object, `tls: cert missing; ${expected}`],
    ['a bad key', { ...pair, key: 'x' }, 'tls.key: cannot be read as a private key'],
    ['a bad certificate', { ...pair, cert: 'x' }, 'tls.cert: cannot be read as a certificate'],
    [
      'protocols of the application',
      { ...pair, ALPNProtocols: ['h2'] },
      'tls.ALPNProtocols: cannot be set; it follows from protocols',
    ],
    [
      'a choice of protocols',
      { ...pair, ALPNCallback: () => undefined },
      'tls.ALPNCallback: cannot be set; it follows from protocols',
    ],
    [
      'a timeout that has another name here',
      { ...pair, handshakeTimeout: 5 },
      'tls.handshakeTimeout: cannot be set; it is set by requestHeaderTimeout',
    ],
    ['halves of two pairs', { ...pair, key: client.key }, 'tls: cannot be used by TLS'],
  ])('%s is a ConfigError', (_, tls, message) => {
    const resolve = () => resolveServerOptions({ tls });
    expect(resolve).toThrow(expect.objectContaining({ code: 'RIT_ERR_CONFIG' }));
    expect(resolve).toThrow(`invalid option ${message}`);
  });

  it('so are options that only a TLS server of Node reads', () => {
    const options = resolveServerOptions({ tls: { ...pair, SNICallback: 'x' as never } });
    expect(() => new HttpServer(options, () => {})).toThrow(
      expect.objectContaining({
        code: 'RIT_ERR_CONFIG',
        message: expect.stringMatching(/^invalid option tls: .*SNICallback/),
      }),
    );
  });
});

import { createSecureContext } from 'node:tls';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, test } from 'vitest';
import { archive, revocationList } from '../../test/tls-fixtures.ts';
import { resolvePoolOptions } from './pool-options.ts';
import { tlsOptions } from './tls-options.ts';
import type { PoolOptions } from './upstream-options.ts';

const { ca, server, client } = testCertificates();
const pair = { cert: client.cert, key: client.key };

/** As a user without types writes it. */
const resolve = (tls: unknown) => resolvePoolOptions({ tls } as PoolOptions);

function faultOf(tls: unknown): string {
  try {
    resolve(tls);
  } catch (error) {
    expect(error).toMatchObject({ name: 'ConfigError', code: 'RIT_ERR_CONFIG' });
    return (error as Error).message;
  }
  return 'accepted';
}

describe('every option of tls.connect that is not the pool’s own is taken', () => {
  const psk = () => ({ psk: Buffer.from('a'), identity: 'b' });
  const cases: [keyof typeof tlsOptions, object][] = [
    ['ca', { ca }],
    ['ca', { ca: [ca, client.cert] }],
    ['cert', { ...pair }],
    ['key', { cert: client.cert, key: [{ pem: client.key }] }],
    ['pfx', { pfx: archive, passphrase: 'open' }],
    ['pfx', { pfx: [{ buf: archive, passphrase: 'open' }] }],
    ['passphrase', { ...pair, passphrase: 'not needed' }],
    ['crl', { crl: revocationList }],
    ['servername', { servername: 'a.example' }],
    ['servername', { servername: 'a.example.' }],
    ['minVersion', { minVersion: 'TLSv1.3' }],
    ['maxVersion', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
    ['ciphers', { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256' }],
    ['ciphers', { ...pair, ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['sigalgs', { sigalgs: 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256' }],
    ['ecdhCurve', { ecdhCurve: 'P-256:P-384' }],
    ['ecdhCurve', { ecdhCurve: 'auto' }],
    ['allowPartialTrustChain', { allowPartialTrustChain: true }],
    ['enableTrace', { enableTrace: false }],
    ['checkServerIdentity', { checkServerIdentity: () => undefined }],
    ['pskCallback', { pskCallback: psk }],
    ['session', { session: Buffer.from('a') }],
    ['requestOCSP', { requestOCSP: true }],
    ['minDHSize', { minDHSize: 2048 }],
    ['secureContext', { secureContext: createSecureContext({ ca }) }],
    ['secureOptions', { secureOptions: 0x4000 }],
    ['secureProtocol', { secureProtocol: 'TLS_method' }],
    ['certificateCompression', { certificateCompression: ['brotli', 'zlib'] }],
    ['dhparam', { dhparam: 'auto' }],
    ['honorCipherOrder', { honorCipherOrder: true }],
    ['sessionIdContext', { sessionIdContext: 'a' }],
    ['sessionTimeout', { sessionTimeout: 300 }],
    ['ticketKeys', { ticketKeys: Buffer.alloc(48) }],
  ];
  test.each(cases)('%s', (_, tls) => {
    const { secureContext } = resolve(tls).tls;
    expect(secureContext).toHaveProperty('context');
  });

  test('nothing is left out here but engines, which few builds of OpenSSL have', () => {
    const tried = new Set<string>(cases.map(([name]) => name));
    const engines = ['privateKeyIdentifier', 'privateKeyEngine', 'clientCertEngine'];
    // Files are read into the others.
    const names = Object.keys(tlsOptions).filter((name) => !name.endsWith('File'));
    expect(names.filter((name) => !tried.has(name))).toEqual(engines);
  });

  test('null is the default of Node, for each', () => {
    const nothing = Object.fromEntries(Object.keys(tlsOptions).map((name) => [name, null]));
    expect(resolve(nothing).tls.connect).toEqual({});
  });
});

test.each([
  ['host', 'localhost', /the backend determines it/],
  ['port', 443, /the backend determines it/],
  ['path', '/run/a.sock', /use the option unixSocket/],
  ['socket', {}, /the backend determines it/],
  ['lookup', () => {}, /the backend determines it/],
  ['rejectUnauthorized', false, /use the option verifyTls/],
  ['ALPNProtocols', ['h2'], /use the option protocols/],
  ['timeout', 5, /use the option connectTimeout/],
  ['signal', null, /use the option connectTimeout/],
  ['onread', {}, /the transport sets it/],
  ['highWaterMark', 5, /the transport sets it/],
  ['allowHalfOpen', true, /the pool sets the TCP options/],
  ['family', 6, /the pool sets the TCP options/],
  ['localAddress', '127.0.0.2', /the pool sets the TCP options/],
  ['noDelay', true, /the pool sets the TCP options/],
  ['keepAlive', true, /the pool sets the TCP options/],
  ['autoSelectFamily', true, /the pool sets the TCP options/],
  ['SNICallback', () => {}, /an option for servers/],
  ['ALPNCallback', () => {}, /an option for servers/],
  ['requestCert', true, /an option for servers/],
  ['isServer', false, /an option for servers/],
])('the pool’s own is refused by name, with the reason: %s', (name, value, reason) => {
  const fault = faultOf({ [name]: value });
  expect(fault).toMatch(new RegExp(`^invalid option tls\\.${name}: `));
  expect(fault).toMatch(reason);
});

test.each<[string, object, RegExp]>([
  ['a misspelt name', { minVersoin: 'TLSv1.3' }, /tls\.minVersoin: .*did you mean minVersion\?/],
  ['a version', { minVersion: 'TLSv9' }, /tls\.minVersion: "TLSv9" is not accepted/],
  ['another form of a version', { maxVersion: 1.3 }, /tls\.maxVersion: 1.3 is not accepted/],
  [
    'versions that exclude each other',
    { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' },
    /tls\.minVersion: TLSv1.3 is higher than maxVersion TLSv1.2/,
  ],
  ['ciphers', { ciphers: 'NONE-SUCH' }, /tls\.ciphers: cannot be used by TLS \(/],
  ['ciphers that are none', { ciphers: 5 }, /tls\.ciphers: 5 is not accepted/],
  ['signature algorithms', { sigalgs: 'none-such' }, /tls\.sigalgs: cannot be used by TLS/],
  ['no signature algorithms', { sigalgs: '' }, /tls\.sigalgs: cannot be used by TLS/],
  ['a curve', { ecdhCurve: 'none-such' }, /tls\.ecdhCurve: cannot be used by TLS/],
  ['a protocol', { secureProtocol: 'SSLv2_method' }, /tls\.secureProtocol: cannot be used by TLS/],
  [
    'a protocol beside versions',
    { secureProtocol: 'TLSv1_2_method', minVersion: 'TLSv1.2' },
    /tls: cannot be used by TLS/,
  ],
  ['a PFX archive', { pfx: Buffer.from('secret') }, /tls\.pfx: cannot be read as a PFX archive/],
  [
    'its passphrase',
    { pfx: archive, passphrase: 'secret' },
    /tls\.pfx: cannot be read .* with this passphrase/,
  ],
  ['a list of revocations', { crl: 'secret' }, /tls\.crl: cannot be read as a revocation list/],
  ['an authority', { ca: 'secret' }, /tls\.ca: cannot be read as a certificate/],
  ['half a pair', { key: client.key }, /tls: key and cert are needed together/],
  ['halves of two', { key: client.key, cert: server.cert }, /tls: .*mismatch/],
  [
    'a key in an object of another form',
    { cert: client.cert, key: [{ key: client.key }] },
    /tls\.key: an array of 1 is not accepted/,
  ],
  ['a passphrase', { ...pair, passphrase: 5 }, /tls\.passphrase: a number is not accepted/],
  ['half an engine', { cert: client.cert, privateKeyIdentifier: 'a' }, /are needed together/],
  ['an engine that is none', { clientCertEngine: 'none-such' }, /tls\.clientCertEngine: cannot/],
  ['what is no function', { checkServerIdentity: 'no' }, /tls\.checkServerIdentity: "no"/],
  ['what is no callback', { pskCallback: {} }, /tls\.pskCallback: an object is not accepted/],
  ['a session', { session: 'secret' }, /tls\.session: a string of 6 characters is not accepted/],
  ['a DH size', { minDHSize: 0 }, /tls\.minDHSize: 0 is not accepted/],
  ['yes for true', { requestOCSP: 'yes' }, /tls\.requestOCSP: "yes" is not accepted/],
  ['a bit mask', { secureOptions: -1 }, /tls\.secureOptions: -1 is not accepted/],
  ['ticket keys', { ticketKeys: Buffer.alloc(47) }, /tls\.ticketKeys: cannot be used by TLS/],
  ['a compression', { certificateCompression: ['lzma'] }, /tls\.certificateCompression: /],
  ['a context', { secureContext: {} }, /tls\.secureContext: an object is not accepted/],
  [
    'a context beside what it is made of',
    { secureContext: createSecureContext(), ca, ciphers: 'DEFAULT' },
    /tls\.ca: cannot be combined with secureContext, .*\n.*tls\.ciphers: cannot be combined/,
  ],
  ['an array', [], /tls: .*expected an object of options/],
])('refused at start: %s', (_, tls, message) => {
  const fault = faultOf(tls);
  expect(fault).toMatch(message);
  expect(fault).not.toContain('secret');
});

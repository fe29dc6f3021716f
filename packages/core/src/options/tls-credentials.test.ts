import { generateKeyPairSync } from 'node:crypto';
import { certificateFor, testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, it } from 'vitest';
import { Faults } from './faults.ts';
import { certificateNames, checkCredentials } from './tls-credentials.ts';

const { ca, server, client } = testCertificates();

const faultsOf = (given: Record<string, unknown>): readonly string[] => {
  const faults = new Faults();
  checkCredentials(given, 'pool.tls', faults);
  return faults.list.map(({ key, message }) => `${key}: ${message}`);
};

const locked = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;

const broken = '-----BEGIN CERTIFICATE-----\nsecret\n-----END CERTIFICATE-----\n';

describe('keys and certificates that can be used', () => {
  it.each<[string, Record<string, unknown>]>([
    ['nothing', {}],
    ['null, for the default of Node', { ca: null, cert: null, key: null }],
    ['a pair', { ...server }],
    ['a pair in Buffers', { cert: Buffer.from(server.cert), key: Buffer.from(server.key) }],
    ['a chain', { cert: server.cert + ca, key: server.key }],
    ['several', { cert: [server.cert], key: [server.key], ca: [ca, client.cert] }],
    ['a key with its passphrase', { key: locked, passphrase: 'open' }],
    ['what else Node takes', { ...server, minVersion: 'TLSv1.3' }],
  ])('%s', (_, given) => expect(faultsOf(given)).toEqual([]));
});

describe('those that cannot are named, and not shown', () => {
  it.each<[string, Record<string, unknown>, RegExp[]]>([
    [
      'a certificate',
      { ...server, cert: 'secret' },
      [/^pool\.tls\.cert: cannot be .* certificate/],
    ],
    [
      'a key',
      { ...server, key: 'secret' },
      [/^pool\.tls\.key: cannot be read as a private key \(/],
    ],
    [
      'both',
      { key: 'secret', cert: broken },
      [/^pool\.tls\.cert: cannot/, /^pool\.tls\.key: cannot/],
    ],
    ['an authority', { ca: 'secret' }, [/^pool\.tls\.ca: cannot be read as a certificate$/]],
    ['one of several', { ca: [ca, broken] }, [/^pool\.tls\.ca: cannot be read/]],
    ['a PFX archive', { pfx: Buffer.from('secret') }, [/^pool\.tls\.pfx: cannot be read as a PFX/]],
    // OpenSSL's reason is left open: one wrong passphrase in 256 decrypts to well-padded nonsense.
    [
      'a passphrase',
      { key: locked, passphrase: 'secret' },
      [/^pool\.tls\.key: cannot be read as a private key with this passphrase \(/],
    ],
    ['no passphrase', { key: locked }, [/^pool\.tls\.key: cannot be read as a private key \(/]],
    ['halves of two pairs', { cert: server.cert, key: client.key }, [/^pool\.tls: .*mismatch/]],
    ['what Node refuses', { ...server, minVersion: 'TLSv9' }, [/^pool\.tls: .*TLSv9/]],
  ])('%s', (_, given, expected) => {
    const faults = faultsOf(given);
    expect(faults).toEqual(expected.map((text) => expect.stringMatching(text)));
    expect(faults.join()).not.toContain('secret');
  });
});

describe('certificateNames (RFC 5280 §4.2.1.6)', () => {
  it.each<[string, string[], string[]]>([
    ['names, no addresses', ['localhost', '127.0.0.1', '::1'], ['localhost']],
    [
      'wildcards, in lower case',
      ['*.Example.org', 'example.org'],
      ['*.example.org', 'example.org'],
    ],
    ['none in quotes', ['a.example, DNS:b.example', 'c.example'], ['c.example']],
    ['none that no client can ask for', ['a b', 'f*.example', 'c.example'], ['c.example']],
    ['an address alone', ['127.0.0.1'], []],
  ])('%s', (_, hosts, names) =>
    expect(certificateNames(certificateFor(...hosts).cert)).toEqual(names),
  );

  it('a certificate without them has none', () => {
    expect(certificateNames(testCertificates().client.cert)).toEqual([]);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateFor, testCertificates } from '@reverseit/test-servers/certificates';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveServerOptions, type ServerOptions } from '../server/listener/server-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const { server, client, wrongName } = testCertificates();
const keyFile = file('key.pem', server.key);
const certFile = file('cert.pem', server.cert);
const otherKeyFile = file('other.pem', wrongName.key);
const empty = file('empty.pem', '');
const half = file('half.pem', server.cert.slice(0, 300));
const halfChain = file('half-chain.pem', server.cert + wrongName.cert.slice(0, 300));

const resolve = (tls: unknown) => resolveServerOptions({ tls } as ServerOptions).tls;

describe('certificates by name', () => {
  it('are read from files, or given', () => {
    expect(resolve({ certificates: [{ keyFile, certFile }, { ...wrongName }] })).toMatchObject({
      certificates: [
        { names: null, key: Buffer.from(server.key), cert: Buffer.from(server.cert) },
        { names: null, ...wrongName },
      ],
    });
  });

  it('names are in lower case, each once', () => {
    const names = ['Example.org', '*.example.ORG', 'example.org'];
    expect(resolve({ certificates: [{ ...server, names }] })?.certificates?.[0]?.names).toEqual([
      'example.org',
      '*.example.org',
    ]);
    expect(
      resolve({ certificates: [{ ...server, names: 'a.example' }] })?.certificates?.[0]?.names,
    ).toEqual(['a.example']);
  });

  it('null is none', () => {
    expect(resolve({ ...server, certificates: null })).toMatchObject({ certificates: null });
  });

  it('the default may be without a name', () => {
    const address = certificateFor('127.0.0.1');
    expect(resolve({ certificates: [address, server] })).not.toBeNull();
  });
});

describe('a ConfigError says what is wrong', () => {
  const at = 'tls.certificates';
  it.each<[string, unknown, string | RegExp]>([
    [
      'no array',
      { ...server, certificates: {} },
      `${at}: an object is not accepted; expected an array`,
    ],
    ['an empty one', { ...server, certificates: [] }, `${at}: an array of 0 is not accepted`],
    ['no object', { certificates: ['x'] }, `${at}[0]: a string of 1 characters is not accepted`],
    [
      'a name of no option',
      { certificates: [{ ...server, name: 'a' }] },
      `${at}[0].name: unknown option, given "a"; did you mean names?`,
    ],
    ['nothing', { certificates: [{}] }, `${at}[0]: keyFile and certFile missing; expected`],
    ['no key', { certificates: [{ certFile }] }, `${at}[0]: keyFile missing; expected`],
    ['no certificate', { certificates: [server, { keyFile }] }, `${at}[1]: certFile missing`],
    [
      'two answers',
      { certificates: [{ ...server, keyFile }] },
      `${at}[0].keyFile: key is also given`,
    ],
    [
      'halves of two pairs',
      { certificates: [{ keyFile: otherKeyFile, certFile }] },
      `; read from ${otherKeyFile} and ${certFile}`,
    ],
    [
      'halves of two pairs beside names',
      { keyFile: otherKeyFile, certFile },
      `; read from ${otherKeyFile} and ${certFile}`,
    ],
    [
      'an empty file',
      { certificates: [{ keyFile: empty, certFile }] },
      `${at}[0].keyFile: cannot read the file: '${empty}' is empty`,
    ],
    [
      'half a file',
      { certificates: [{ keyFile, certFile: half }] },
      `${at}[0].certFile: ${half}: cannot be read as a certificate`,
    ],
    [
      'half a chain',
      { certificates: [{ keyFile, certFile: halfChain }] },
      `${at}[0].certFile: ${halfChain}: cannot be read as a certificate`,
    ],
    [
      'no file',
      { certificates: [{ keyFile: join(folder, 'no'), certFile }] },
      `${at}[0].keyFile: cannot read the file: ENOENT`,
    ],
    [
      'an address',
      { certificates: [{ ...server, names: ['127.0.0.1'] }] },
      `${at}[0].names: ["127.0.0.1"] is not accepted; expected an array of host names in ASCII`,
    ],
    [
      'no names',
      { certificates: [{ ...server, names: [] }] },
      `${at}[0].names: [] is not accepted`,
    ],
    [
      'a name twice',
      {
        certificates: [
          { ...server, names: ['a.example'] },
          { ...wrongName, names: ['A.example'] },
        ],
      },
      `${at}[1].names: "a.example" is also listed by ${at}[0]`,
    ],
    [
      'no name at all',
      { certificates: [server, client] },
      `${at}[1]: names missing, and the certificate has no DNS name`,
    ],
    ['no name beside a default', { ...server, certificates: [client] }, `${at}[0]: names missing`],
    [
      'half a default',
      { key: server.key, certificates: [server] },
      'tls: cert missing; expected key and cert',
    ],
    [
      'a passphrase that is none',
      { certificates: [{ ...server, passphrase: 5 }] },
      `${at}[0].passphrase: a number is not accepted`,
    ],
  ])('%s', (_, tls, message) => {
    expect(() => resolve(tls)).toThrow(
      expect.objectContaining({
        code: 'RIT_ERR_CONFIG',
        message: expect.stringContaining(`${message}`),
      }),
    );
  });
});

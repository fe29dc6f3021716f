/** Keys and certificates that a configuration names by their files, with TLS on both sides. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerEach, connectRaw, response, startScriptedOrigin } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfigFile } from '../src/config/config-file.ts';
import { createServer, type ReverseItOptions } from '../src/index.ts';

useCensus();
const use = useCleanup();
const { ca, server, client } = testCertificates();

const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const keyFile = file('key.pem', server.key);
const certFile = file('cert.pem', server.cert);
const caFile = file('ca.pem', ca);

async function expectServes(options: ReverseItOptions): Promise<void> {
  const proxy = createServer(options);
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? address.port : 0;
  const asking = use(await connectRaw({ port, tls: { ca, servername: 'localhost' } }));
  const answer = await asking.request('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect([answer.status, answer.text]).toEqual([200, 'ok']);
}

it('are read for the listener, and for a backend that asks for a certificate', async () => {
  const tls = { ...server, ca, requestCert: true, rejectUnauthorized: true };
  const origin = await startScriptedOrigin({ script: answerEach(response(200, 'ok')), tls });
  use(origin);
  const pool = {
    tls: {
      caFile: [caFile],
      keyFile: file('client-key.pem', client.key),
      certFile: file('client-cert.pem', client.cert),
      servername: 'localhost',
    },
  };
  await expectServes({ backend: origin.url, tls: { keyFile, certFile }, pool });
});

it('are read for a configuration in JSON, beside $schema', async () => {
  const path = file(
    'config.json',
    JSON.stringify({
      $schema: './node_modules/@reverseit/node/schema.json',
      respond: { body: 'ok' },
      tls: { keyFile, certFile },
    }),
  );
  await expectServes((await loadConfigFile(path)) as ReverseItOptions);
});

describe('a ConfigError names the file', () => {
  const missing = join(folder, 'missing.pem');
  const bad = file('bad.pem', 'x');
  const respond = { body: 'ok' };
  it.each<[string, ReverseItOptions, string]>([
    [
      'that is not there',
      { respond, tls: { keyFile: missing, certFile } },
      `tls.keyFile: cannot read the file: ENOENT: no such file or directory, open '${missing}'`,
    ],
    [
      'that holds no key',
      { respond, tls: { keyFile: bad, certFile } },
      `tls.keyFile: ${bad}: cannot be read as a private key`,
    ],
    [
      'that holds no archive',
      { respond, tls: { pfxFile: bad } },
      `tls.pfxFile: ${bad}: cannot be read as a PFX archive`,
    ],
    [
      'that a backend’s authority is missing from',
      { backend: 'https://a', pool: { tls: { caFile: missing } } },
      `pool.tls.caFile: cannot read the file: ENOENT: no such file or directory, open '${missing}'`,
    ],
    [
      'that holds no authority',
      { routes: [{ backend: 'https://a', pool: { tls: { caFile: bad } } }] },
      `routes[0].pool.tls.caFile: ${bad}: cannot be read as a certificate`,
    ],
    [
      'beside what it stands for',
      { respond, tls: { ...server, keyFile } },
      'tls.keyFile: key is also given; use one of them',
    ],
    [
      'where only one half is given',
      { respond, tls: { keyFile } },
      'tls: cert missing; expected key and cert',
    ],
  ])('%s', (_, options, message) => {
    expect(() => createServer(options)).toThrow(
      expect.objectContaining({
        code: 'RIT_ERR_CONFIG',
        message: expect.stringContaining(`invalid option ${message}`),
      }),
    );
  });
});

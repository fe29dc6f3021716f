import { once } from 'node:events';
import { connect, createSecureContext, type TlsOptions } from 'node:tls';
import { connectRaw, eventually } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, test } from 'vitest';
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import { HttpServer } from '../server.ts';
import { resolveServerOptions } from './server-options.ts';

useCensus();
const use = useCleanup();
const { server: pair, wrongName: other, ca } = testCertificates();

/** A TLS server, and what it tells of. */
async function startTls(tls: TlsOptions) {
  const told: ReverseItError[] = [];
  const options = resolveServerOptions({ tls: { ...pair, ...tls }, requestHeaderTimeout: 2000 });
  const server = new HttpServer(
    options,
    (exchange) => exchange.respond(200, [], 'ok'),
    (error) => told.push(error),
  );
  use({ close: () => server.close({ timeout: 0 }) });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  const port = typeof address === 'string' ? 0 : address.port;
  return { server, told, port };
}

const ask = async (port: number, servername: string): Promise<string> => {
  const client = use(await connectRaw({ port, tls: { ca, servername } }));
  return (await client.request('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).text;
};

describe('SNICallback', () => {
  test('chooses the certificate, at once or later, or leaves it to cert', async () => {
    const { port, told } = await startTls({
      SNICallback: (name, done) => {
        if (name === 'other.example') setImmediate(done, null, createSecureContext(other));
        else if (name === 'localhost') done(null, createSecureContext(pair));
        else done(null);
      },
    });
    expect(await ask(port, 'other.example')).toBe('ok');
    expect(await ask(port, 'localhost')).toBe('ok');
    await expect(ask(port, 'unknown.example')).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect(told).toEqual([]);
  });

  const failing: readonly [name: string, callback: TlsOptions['SNICallback'], tells: boolean][] = [
    [
      'throws',
      () => {
        throw new Error('no');
      },
      true,
    ],
    ['rejects', () => Promise.reject(new Error('no')), true],
    ['rejects with no error', () => Promise.reject('no'), true],
    [
      'hands back a thenable that fails',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: what libraries hand out in place of promises
        then: (_: unknown, reject: (reason: unknown) => void) => reject(new Error('no')),
      }),
      true,
    ],
    ['answers with an error', (_, done) => done(new Error('no')), false],
    ['answers with what is no context', (_, done) => done(null, {} as never), false],
    ['never answers', () => {}, false],
    [
      'answers, and throws then',
      (_, done) => {
        done(new Error('no'));
        throw new Error('no');
      },
      true,
    ],
  ];
  test.for(failing)('%s: that handshake fails, and no other', async ([, callback, tells]) => {
    const { server, port, told } = await startTls({
      SNICallback: (name, done) => {
        if (name === 'localhost') done(null);
        else return callback?.(name, done);
      },
    });
    await expect(ask(port, 'other.example')).rejects.toThrow();
    await eventually(() => server.stats().connections === 0, 'the handshake to be over');
    expect(told.map(({ code, message }) => [code, message])).toEqual(
      tells ? [['RIT_ERR_INTERNAL', 'tls.SNICallback threw']] : [],
    );
    expect(await ask(port, 'localhost')).toBe('ok');
  });
});

describe('pskCallback (RFC 4279)', () => {
  test.for<[name: string, fails: () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['returns a promise', () => Promise.resolve(Buffer.from('0123456789abcdef'))],
    ['returns a promise that fails', () => Promise.reject(new Error('no'))],
  ])('%s: that handshake fails, and the next does not', async ([, fails]) => {
    const key = Buffer.from('0123456789abcdef');
    const ciphers = 'PSK+HIGH';
    const { port, told } = await startTls({
      ciphers,
      maxVersion: 'TLSv1.2',
      pskCallback: (_, identity) => (identity === 'bad' ? (fails() as Buffer) : key),
    });
    const shake = async (identity: string): Promise<string> => {
      const socket = connect({
        port,
        host: '127.0.0.1',
        ciphers,
        maxVersion: 'TLSv1.2',
        checkServerIdentity: () => undefined,
        pskCallback: () => ({ identity, psk: key }),
      });
      try {
        await once(socket, 'secureConnect');
        return 'connected';
      } finally {
        socket.on('error', () => {}).destroy();
      }
    };
    await expect(shake('bad')).rejects.toThrow();
    expect(told.map(({ message }) => message)).toEqual(['tls.pskCallback threw']);
    expect(await shake('good')).toBe('connected');
  });
});

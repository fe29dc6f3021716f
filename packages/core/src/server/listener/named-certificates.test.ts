/** Certificates by name, asked for by real clients. */
import { once } from 'node:events';
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket } from 'node:tls';
import { certificateFor, testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, test } from 'vitest';
import { HttpServer } from '../server.ts';
import { type ListenerTlsOptions, resolveServerOptions } from './server-options.ts';

useCensus();
const use = useCleanup();
const { ca, server: local, client } = testCertificates();
const shop = certificateFor('shop.example', '*.shop.example');
const blog = certificateFor('blog.example', 'shop.example');

async function startTls(tls: ListenerTlsOptions): Promise<number> {
  const server = new HttpServer(resolveServerOptions({ tls }), (exchange) =>
    exchange.respond(200, [], 'ok'),
  );
  use({ close: () => server.close({ timeout: 0 }) });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return typeof address === 'string' ? 0 : address.port;
}

async function shake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca, rejectUnauthorized: false, ...options });
  use({
    close: () => {
      socket.destroy();
    },
  });
  await once(socket, 'secureConnect');
  return socket;
}

/** The names of the certificate that a client is shown. */
async function shown(port: number, servername: string): Promise<string | undefined> {
  const socket = await shake(port, { servername });
  const names = socket.getPeerX509Certificate()?.subjectAltName;
  socket.destroy();
  return names;
}

const names = {
  local: 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  shop: 'DNS:shop.example, DNS:*.shop.example',
  blog: 'DNS:blog.example, DNS:shop.example',
};

describe('certificates by server name (RFC 6066 §3)', () => {
  test.for<[string, ListenerTlsOptions, [asked: string, shown: keyof typeof names][]]>([
    [
      'their own names; the first is the default',
      { certificates: [shop, blog] },
      [
        ['shop.example', 'shop'],
        ['SHOP.example', 'shop'],
        ['a.shop.example', 'shop'],
        ['blog.example', 'blog'],
        ['a.b.shop.example', 'shop'],
        ['a.blog.example', 'shop'],
        ['unknown.example', 'shop'],
        ['', 'shop'],
      ],
    ],
    [
      'a pair beside them is the default',
      { ...local, certificates: [shop, blog] },
      [
        ['shop.example', 'shop'],
        ['blog.example', 'blog'],
        ['localhost', 'local'],
        ['unknown.example', 'local'],
        ['', 'local'],
      ],
    ],
    [
      'a name that is listed outranks one in a certificate',
      { ...local, certificates: [shop, { ...blog, names: ['shop.example', '*.example'] }] },
      [
        ['shop.example', 'blog'],
        ['a.shop.example', 'shop'],
        ['other.example', 'blog'],
        ['a.b.example', 'local'],
      ],
    ],
    [
      'SNICallback is asked first',
      {
        ...local,
        certificates: [shop, blog],
        SNICallback: (name, done) => {
          if (name === 'shop.example') setImmediate(done, null, createSecureContext(blog));
          else done(null);
        },
      },
      [
        ['shop.example', 'blog'],
        ['a.shop.example', 'shop'],
        ['unknown.example', 'local'],
      ],
    ],
  ])('%s', async ([, tls, cases]) => {
    const port = await startTls(tls);
    for (const [asked, expected] of cases) {
      expect([asked, await shown(port, asked)]).toEqual([asked, names[expected]]);
    }
  });

  test('an error of SNICallback ends the handshake', async () => {
    const port = await startTls({
      certificates: [shop],
      SNICallback: (_, done) => done(new Error('no')),
    });
    await expect(shown(port, 'shop.example')).rejects.toThrow();
  });

  test('clients of each name are verified, and resume their sessions', async () => {
    const port = await startTls({ ca, requestCert: true, certificates: [shop, blog] });
    for (const servername of ['shop.example', 'blog.example']) {
      const unknown = connect({ host: '127.0.0.1', port, ca, servername });
      await expect(
        once(
          unknown.on('secureConnect', () => unknown.write('GET / HTTP/1.1\r\n\r\n')),
          'end',
        ),
      ).rejects.toThrow();
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const options = { ...client, servername, maxVersion, rejectUnauthorized: true };
        const first = connect({ host: '127.0.0.1', port, ca, ...options });
        const [session] = (await once(first, 'session')) as [Buffer];
        first.destroy();
        const second = await shake(port, { ...options, session });
        expect(second.isSessionReused()).toBe(true);
        second.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
        const [answer] = (await once(second, 'data')) as [Buffer];
        expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
        second.destroy();
      }
    }
  });

  test('an address: no name is sent, and the default has it', async () => {
    const port = await startTls({ ...local, certificates: [shop] });
    const socket = await shake(port, { rejectUnauthorized: true });
    expect(socket.authorized).toBe(true);
    expect(socket.getPeerX509Certificate()?.subjectAltName).toBe(names.local);
  });
});

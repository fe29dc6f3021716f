/** Connections that begin with a PROXY protocol header, over real sockets. */
import { connect as connectTls } from 'node:tls';
import { connectRaw, eventually, guarded } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, test } from 'vitest';
import { request } from '../../../test/server-rig.ts';
import { createHttpServer, type RequestListener, type ServerOptions } from '../../index.ts';
import { resolveServerOptions } from '../../internal-server.ts';

useCensus();
const use = useCleanup();
const { server: tls } = testCertificates();
const trusted = { from: ['loopback'] };

const tell: RequestListener = (exchange) => {
  const { remoteAddress, remotePort, localPort, encrypted, proxyHeader, head } = exchange;
  const header = proxyHeader === null ? 'none' : `${proxyHeader.command}${proxyHeader.version}`;
  exchange.respond(
    200,
    [],
    [head.target, remoteAddress, remotePort, localPort, encrypted, header].join(' '),
  );
};

async function start(options: ServerOptions = {}) {
  const errors: string[] = [];
  const onError = (error: Error & { code: string }): void => {
    errors.push(`${error.code} ${error.message}`);
  };
  const server = createHttpServer({ proxyProtocol: trusted, ...options, onError }, tell);
  use({ close: () => server.close({ timeout: 0 }) });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  const port = typeof address === 'string' ? 0 : address.port;
  return { server, port, errors };
}

const text = 'PROXY TCP4 192.0.2.1 198.51.100.2 54321 443\r\n';
const binary = (rest: string): Buffer => Buffer.from(`0d0a0d0a000d0a515549540a${rest}`, 'hex');
const told = '192.0.2.1 54321 443';

describe('the header', () => {
  test.each<[name: string, header: string | Buffer, answer: string]>([
    ['version 1', text, `${told} false proxy1`],
    ['version 2', binary('2111000cc0000201c6336402d43101bb'), `${told} false proxy2`],
    [
      'version 2 with TLS before us',
      binary('21110014c0000201c6336402d43101bb2000050100000000'),
      `${told} true proxy2`,
    ],
    [
      'TCP6, of a client that is known by its IPv4 address',
      'PROXY TCP6 ::ffff:192.0.2.1 ::1 54321 443\r\n',
      `${told} false proxy1`,
    ],
  ])('%s: with the first request, before it, and byte by byte', async (_, header, answer) => {
    const { port } = await start();
    const bytes = Buffer.from(header);
    const first = use(await connectRaw({ port }));
    first.send(Buffer.concat([bytes, Buffer.from(request('GET /1') + request('GET /2'))]));
    expect((await first.readResponse()).text).toBe(`/1 ${answer}`);
    expect((await first.readResponse()).text).toBe(`/2 ${answer}`);
    expect((await first.request(request('GET /3'))).text).toBe(`/3 ${answer}`);
    const before = use(await connectRaw({ port }));
    await before.write(bytes);
    expect((await before.request(request('GET /4'))).text).toBe(`/4 ${answer}`);
    const slow = use(await connectRaw({ port }));
    for (const byte of bytes) await slow.write(Buffer.from([byte]));
    expect((await slow.request(request('POST /5', ['Content-Length: 2'], 'ab'))).text).toBe(
      `/5 ab ${answer}`.replace(' ab', ''),
    );
  });

  test.each([
    ['UNKNOWN', 'PROXY UNKNOWN\r\n', 'proxy1'],
    ['UNSPEC', binary('21000000'), 'proxy2'],
    ['LOCAL', binary('20000000'), 'local2'],
  ])('%s: the connection is the peer’s own', async (_, header, said) => {
    const { port } = await start();
    const client = use(await connectRaw({ port }));
    client.send(Buffer.concat([Buffer.from(header), Buffer.from(request('GET /'))]));
    const own = `127.0.0.1 ${client.socket.localPort} ${port}`;
    expect((await client.readResponse()).text).toBe(`/ ${own} false ${said}`);
  });

  test('before TLS, in one write with the handshake or before it', async () => {
    const { port } = await start({ tls });
    for (const together of [true, false]) {
      const raw = use(await connectRaw({ port }));
      if (together) raw.socket.cork();
      raw.socket.write(text);
      const secure = connectTls({ socket: raw.socket, rejectUnauthorized: false });
      if (together) process.nextTick(() => raw.socket.uncork());
      await new Promise((resolve, reject) =>
        secure.on('secureConnect', resolve).on('error', reject),
      );
      secure.write(request('GET /tls'));
      const answer = await new Promise<string>((resolve) => {
        let all = '';
        secure.on('data', (chunk: Buffer) => {
          all += chunk.toString('latin1');
          if (all.includes('proxy1')) resolve(all);
        });
      });
      expect(answer).toContain(`/tls ${told} true proxy1`);
      secure.destroy();
    }
  });
});

test('names the client also where the listener expects none any more', async () => {
  const { server, port } = await start({ tls });
  const raw = use(await connectRaw({ port }));
  raw.socket.write(text);
  const waiting = connectTls({ socket: raw.socket, rejectUnauthorized: false });
  // The header has been read once the handshake has begun.
  await new Promise((resolve) => waiting.once('keylog', resolve));
  server.update(resolveServerOptions({ tls }));
  // Node 22 mixes up what is written while it tells of a key.
  await new Promise((resolve) => waiting.once('secureConnect', resolve));
  waiting.write(request('GET /late'));
  const answer = await new Promise<string>((resolve) => {
    waiting.on('data', (chunk: Buffer) => {
      if (chunk.includes('/late')) resolve(chunk.toString('latin1'));
    });
  });
  expect(answer).toContain(`/late ${told} true proxy1`);
  waiting.destroy();
});

describe('closed without a byte', () => {
  test.each<[name: string, send: string | Buffer, reason: string, options?: ServerOptions]>([
    ['a request instead', request('GET /'), 'no PROXY header'],
    ['a malformed one', 'PROXY TCP4 1.1.1.1\r\n', 'expected two addresses and two ports'],
    ['one that is too large', binary('2100ffff'), 'more than 4096 bytes'],
    ['one that never ends', 'PROXY ', 'no header in time', { requestHeaderTimeout: 50 }],
    ['none at all', '', 'no header in time', { requestHeaderTimeout: 50 }],
    [
      'a header from a peer that is not trusted',
      text,
      'the peer is not trusted',
      { proxyProtocol: { from: '192.0.2.0/24' } },
    ],
    ['TLS without a header', Buffer.from('160301020001', 'hex'), 'no PROXY header', { tls }],
  ])('%s', async (_, send, reason, options = {}) => {
    const { server, port, errors } = await start(options);
    const client = use(await connectRaw({ port }));
    if (send.length > 0) client.send(send);
    await client.reader.whenGone();
    expect(client.bytesReceived).toBe(0);
    await eventually(() => errors.length > 0, 'the refusal');
    const from = 'RIT_ERR_PROXY_PROTOCOL no PROXY protocol header from 127.0.0.1';
    expect(errors).toEqual([`${from}: ${reason}`]);
    expect(server.stats()).toMatchObject({ totalConnections: 0, totalRefusals: 1 });
  });

  test('a peer that leaves before its header, and a server that closes', async () => {
    const { server, port, errors } = await start();
    const gone = use(await connectRaw({ port }));
    gone.send('PROXY TCP4');
    gone.end();
    await gone.reader.whenGone();
    expect(errors).toHaveLength(1);
    const waiting = use(await connectRaw({ port }));
    waiting.send('PROXY TCP4');
    await guarded(server.close({ timeout: 50 }), 'the server to close');
    await waiting.reader.whenGone();
    expect(waiting.bytesReceived).toBe(0);
  });
});

test('nobody is trusted unless named', () => {
  expect(() => createHttpServer({ proxyProtocol: true }, tell)).toThrow(
    'invalid option proxyProtocol: expected {from} with the addresses of who sends the header',
  );
});

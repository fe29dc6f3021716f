/** PROXY protocol from a balancer in front: HAProxy and nginx where they are installed, and what the proxy makes of it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { connectRaw, guarded } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { available, startConfiguredNginx } from '@reverseit/test-servers/external-servers';
import { freePort } from '@reverseit/test-servers/free-port';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';
import {
  ask as askOverHttp2,
  closeSessions,
  type ListenerKind,
  listenerKinds,
  listeners,
  openSession,
} from './http2-clients-rig.ts';

useCensus();
const use = useCleanup();
const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const isInstalled = (program: string): boolean =>
  spawnSync(program, ['-v'], { stdio: 'ignore' }).error === undefined;

async function start(options: ReverseItOptions = {}) {
  const proxy = createServer({
    logger: null,
    trustedProxies: 'loopback',
    proxyProtocol: true,
    respond: (request, { remoteAddress, remotePort, encrypted, proxyHeader }) => ({
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        target: request.target,
        remoteAddress,
        remotePort,
        encrypted,
        version: proxyHeader?.version,
        command: proxyHeader?.command,
        authority: proxyHeader?.authority,
        uniqueId: proxyHeader?.uniqueId?.toString('utf8'),
      }),
    }),
    ...options,
  });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen('127.0.0.1:0');
  return { proxy, port: 'port' in address ? address.port : 0 };
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('proxyProtocol', () => {
  it('true: of those whom trustedProxies names', async () => {
    const { port } = await start();
    const client = use(await connectRaw({ port }));
    client.send(`PROXY TCP4 192.0.2.1 198.51.100.2 54321 443\r\n${get('/')}`);
    expect(JSON.parse((await client.readResponse()).text)).toMatchObject({
      remoteAddress: '192.0.2.1',
      remotePort: 54321,
      version: 1,
    });
  });

  it('needs to know whom to trust', () => {
    const options = { respond: {}, proxyProtocol: true };
    const fault = 'expected trustedProxies, or {from} with the addresses of who sends the header';
    expect(() => createServer(options)).toThrow(fault);
    expect(() => createServer({ respond: {}, listen: [{ port: 0, proxyProtocol: true }] })).toThrow(
      fault,
    );
    createServer({ respond: {}, proxyProtocol: { from: ['10.0.0.0/8'] } });
  });
});

describe('HTTP/2 after a header', () => {
  const header = 'PROXY TCP4 192.0.2.1 198.51.100.2 54321 443\r\n';
  afterEach(closeSessions);

  /** What is written over it first leaves in one packet with the header. */
  function prefixed(socket: Socket): Duplex {
    let first = header;
    const stream = new Duplex({
      read() {
        socket.resume();
      },
      write(chunk: Buffer, _encoding, callback) {
        socket.write(Buffer.concat([Buffer.from(first), chunk]), callback);
        first = '';
      },
      final(callback) {
        socket.end(callback);
      },
      destroy(error, callback) {
        socket.destroy();
        callback(error);
      },
    });
    socket.on('data', (chunk) => stream.push(chunk)).on('end', () => stream.push(null));
    return stream;
  }

  /** A session over a socket whose first bytes are the header, in a packet of its own or with what follows. */
  async function session(kind: ListenerKind, port: number, apart: boolean) {
    const raw = connect({ port, host: '127.0.0.1', noDelay: true });
    raw.on('error', () => undefined);
    await guarded(once(raw, 'connect'), 'the connection');
    if (apart) raw.write(header);
    const socket = apart ? raw : prefixed(raw);
    const { ca } = testCertificates();
    return openSession(kind, port, {
      createConnection: () =>
        kind === 'in the clear'
          ? socket
          : connectTls({ socket, ca, servername: 'localhost', ALPNProtocols: ['h2'] }),
    });
  }

  it.each(listenerKinds.flatMap((kind) => [true, false].map((apart) => [kind, apart] as const)))(
    '%s (in a packet of its own: %s)',
    async (kind, apart) => {
      const { port } = await start(listeners[kind]());
      const opened = await session(kind, port, apart);
      for (const path of ['/1', '/2']) {
        const { status, body } = await askOverHttp2(opened, { ':path': path });
        expect([status, JSON.parse(body.toString())]).toMatchObject([
          200,
          {
            target: path,
            remoteAddress: '192.0.2.1',
            remotePort: 54321,
            encrypted: kind === 'over TLS',
            version: 1,
            command: 'proxy',
          },
        ]);
      }
    },
  );

  it.each(listenerKinds)('%s: who is not trusted is not believed, nor served', async (kind) => {
    const { port } = await start({
      ...listeners[kind](),
      proxyProtocol: { from: ['192.0.2.0/24'] },
    });
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined).resume();
    socket.write(`${header}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`);
    await guarded(once(socket, 'close'), 'the end of the connection');
  });
});

/** Runs a program until the test is over; resolves when the port is listened on. */
async function run(command: readonly string[], port: number): Promise<void> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  use({
    close: () => {
      child.kill('SIGKILL');
      return ended;
    },
  });
  await guarded(whenListening(port), `${program} to listen`);
}

async function whenListening(port: number): Promise<void> {
  for (;;) {
    try {
      await (await connectRaw({ port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe.skipIf(!isInstalled('haproxy'))(
  'HAProxy in front (skipped where it is not installed)',
  () => {
    it.each([
      ['send-proxy', 1],
      ['send-proxy-v2', 2],
      ['send-proxy-v2 proxy-v2-options crc32c,unique-id,authority', 2],
    ])('%s', async (how, version) => {
      const { port } = await start();
      const front = await freePort();
      const file = join(folder, `haproxy-${version}-${how.length}.cfg`);
      writeFileSync(
        file,
        `defaults
  mode http
  timeout client 10s
  timeout connect 10s
  timeout server 10s
frontend front
  bind 127.0.0.1:${front}
  unique-id-format id-%ci
  default_backend back
backend back
  server one 127.0.0.1:${port} ${how}
`,
      );
      await run(['haproxy', '-f', file, '-db'], front);
      const client = use(await connectRaw({ port: front }));
      const answer = await client.request(get('/through'));
      expect(JSON.parse(answer.text)).toMatchObject({
        target: '/through',
        remoteAddress: '127.0.0.1',
        remotePort: client.socket.localPort,
        encrypted: false,
        version,
        command: 'proxy',
        ...(how.includes('unique-id') ? { uniqueId: 'id-127.0.0.1' } : {}),
      });
    });
  },
);

/** Debian has the stream module in a file of its own. */
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';

describe.skipIf(!available('nginx') || !existsSync(streamModule))(
  'nginx in front (skipped where it, or its stream module, is not installed)',
  () => {
    it('proxy_protocol on', async () => {
      const { port } = await start();
      const front = use(
        await startConfiguredNginx(
          (own) => `stream {
  server {
    listen 127.0.0.1:${own};
    proxy_pass 127.0.0.1:${port};
    proxy_protocol on;
  }
}`,
          { module: streamModule },
        ),
      );
      const client = use(await connectRaw({ port: front.port }));
      for (const target of ['/1', '/2']) {
        expect(JSON.parse((await client.request(get(target))).text)).toMatchObject({
          target,
          remoteAddress: '127.0.0.1',
          remotePort: client.socket.localPort,
          version: 1,
          command: 'proxy',
        });
      }
    });
  },
);

/** Certificates by server name: per listener, renewed without a lost connection, and watched. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { connectRaw, eventually } from '@reverseit/test-servers';
import {
  certificateFor,
  type KeyPair,
  testCertificates,
} from '@reverseit/test-servers/certificates';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';

useCensus();
const use = useCleanup();

const { ca } = testCertificates();
const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const loopback = { host: '127.0.0.1', port: 0 };
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Writes a pair; returns the options that name its files. */
function write(where: string, name: string, { key, cert }: KeyPair) {
  const keyFile = join(where, `${name}.key`);
  const certFile = join(where, `${name}.pem`);
  writeFileSync(keyFile, key);
  writeFileSync(certFile, cert);
  return { keyFile, certFile };
}

/** The PEM text of what a client of this name is shown. */
async function shown(port: number, servername: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername, ca, rejectUnauthorized: false });
  use({
    close: () => {
      socket.destroy();
    },
  });
  await once(socket, 'secureConnect');
  const pem = socket.getPeerX509Certificate()?.toString() ?? '';
  socket.destroy();
  return pem;
}

const client = async (port: number, servername: string) =>
  use(await connectRaw({ port, tls: { ca, servername } }));

async function started(options: ReverseItOptions) {
  const fixed = { logger: null, listen: loopback, respond: { body: 'ok' } };
  const proxy = createServer({ ...fixed, ...options });
  use({ close: () => proxy.close({ timeout: 0 }) });
  await proxy.listen();
  const ports = proxy.addresses().map((address) => ('port' in address ? address.port : 0));
  return { proxy, ports, port: ports[0] ?? 0 };
}

describe('RFC 9110 §15.5.20: a request for the host of another certificate', () => {
  const tls = {
    certificates: [
      certificateFor('a.example', '*.a.example', 'both.example'),
      certificateFor('b.example', 'both.example'),
      certificateFor('exact.a.example'),
      { ...certificateFor('x.example'), names: ['listed.example'] },
    ],
  };
  /** The status of a request for a host, on a connection that asked for a name. */
  const statusOf = async (port: number, servername: string, ...hosts: readonly string[]) => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, {
      ca,
      servername,
      rejectUnauthorized: false,
    });
    try {
      const statuses: unknown[] = [];
      for (const host of hosts) {
        const stream = session.request({ ':authority': host });
        const [fields] = await once(stream, 'response');
        statuses.push(fields[':status']);
        stream.resume();
        await once(stream, 'close');
      }
      return statuses;
    } finally {
      const closed = once(session, 'close');
      session.destroy();
      await closed;
    }
  };

  it.each<[what: string, servername: string, host: string, status: number]>([
    ['the name itself', 'a.example', 'a.example', 200],
    ['with a port, in upper case', 'a.example', 'A.Example:8443', 200],
    ['another name of its certificate', 'a.example', 'both.example', 200],
    ['a name that its wildcard covers', 'a.example', 'www.a.example', 200],
    [
      'one that it covers, though another certificate is listed',
      'a.example',
      'exact.a.example',
      200,
    ],
    ['one of another certificate', 'a.example', 'b.example', 421],
    ['one of another certificate, with a port', 'a.example', 'b.example:443', 421],
    ['one of another certificate, with a dot at its end', 'a.example', 'b.example.', 421],
    ['one of another certificate, by a listed name', 'a.example', 'listed.example', 421],
    [
      'a name that is listed, though not in the certificate',
      'listed.example',
      'listed.example',
      200,
    ],
    ['one that no certificate is for', 'a.example', 'c.example', 200],
    ['an address', 'a.example', '127.0.0.1', 200],
    ['any, of a client without a listed name', 'c.example', 'b.example', 200],
    ['any, of a client without a name', '', 'b.example', 200],
  ])('%s: SNI %j, host %s: %i', async (_, servername, host, status) => {
    const { port } = await started({ tls, protocols: ['http2'] });
    expect(await statusOf(port, servername, host)).toEqual([status]);
  });

  it('the connection goes on, and the refusal is counted', async () => {
    const { port, proxy } = await started({ tls, protocols: ['http2'] });
    const hosts = ['a.example', 'b.example', 'a.example', 'b.example'];
    expect(await statusOf(port, 'a.example', ...hosts)).toEqual([200, 421, 200, 421]);
    expect(proxy.stats()).toMatchObject({ totalRefusals: 2, totalExchanges: 2 });
  });

  it('is served over HTTP/1.1, whose clients do not share connections between hosts', async () => {
    const { port } = await started({ tls });
    const raw = await client(port, 'a.example');
    const { status } = await raw.request('GET / HTTP/1.1\r\nHost: b.example\r\n\r\n');
    expect(status).toBe(200);
  });
});

describe('certificates by name', () => {
  it('each listener has its own', async () => {
    const a = certificateFor('a.example');
    const b = certificateFor('b.example');
    const { ports } = await started({
      tls: { certificates: [a, b] },
      listen: [loopback, { ...loopback, tls: { certificates: [b, a] } }],
    });
    const [first = 0, second = 0] = ports;
    for (const port of ports) {
      expect(await shown(port, 'a.example')).toBe(a.cert);
      expect(await shown(port, 'b.example')).toBe(b.cert);
      expect((await (await client(port, 'b.example')).request(get)).text).toBe('ok');
    }
    expect(await shown(first, 'unknown.example')).toBe(a.cert);
    expect(await shown(second, 'unknown.example')).toBe(b.cert);
  });

  it('a reload swaps them; open connections go on, and a bad pair changes nothing', async () => {
    const a = write(folder, 'a', certificateFor('a.example'));
    const old = certificateFor('b.example');
    const b = write(folder, 'b', old);
    const options = {
      logger: null,
      respond: { body: 'ok' },
      tls: { certificates: [a, b] },
      listen: loopback,
    };
    const { proxy, port } = await started(options);
    const open = await client(port, 'b.example');
    expect((await open.request(get)).text).toBe('ok');

    const renewed = certificateFor('b.example');
    writeFileSync(b.certFile, renewed.cert);
    expect(() => proxy.reload(options)).toThrow(`; read from ${b.keyFile} and ${b.certFile}`);
    expect(await shown(port, 'b.example')).toBe(old.cert);
    truncateSync(b.certFile, 100);
    expect(() => proxy.reload(options)).toThrow(`${b.certFile}: cannot be read as a certificate`);
    truncateSync(b.keyFile);
    expect(() => proxy.reload(options)).toThrow(`cannot read the file: '${b.keyFile}' is empty`);
    expect(await shown(port, 'b.example')).toBe(old.cert);
    expect((await open.request(get)).text).toBe('ok');

    write(folder, 'b', renewed);
    proxy.reload(options);
    expect(await shown(port, 'b.example')).toBe(renewed.cert);
    expect((await open.request(get)).text).toBe('ok');
  });

  it('are renewed under load: no connection and no handshake is lost', async () => {
    const pairs = Array.from({ length: 8 }, () => certificateFor('a.example'));
    const optionsOf = (nth: number): ReverseItOptions => ({
      logger: null,
      respond: { body: 'ok' },
      tls: { certificates: [pairs[nth] ?? {}] },
    });
    const { proxy, port } = await started({ ...optionsOf(0), listen: loopback });
    const kept = await client(port, 'a.example');
    const shaken: Promise<string>[] = [];
    for (let nth = 1; nth < pairs.length; nth++) {
      shaken.push(shown(port, 'a.example'), shown(port, 'a.example'));
      proxy.reload(optionsOf(nth));
      expect((await kept.request(get)).text).toBe('ok');
    }
    const known = new Set(pairs.map(({ cert }) => cert));
    for (const pem of await Promise.all(shaken)) expect(known.has(pem)).toBe(true);
    expect(await shown(port, 'a.example')).toBe(pairs.at(-1)?.cert);
  });
});

describe('the command, with --watch', () => {
  const command = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
  const mount = join(folder, 'mount');
  beforeAll(() => mkdirSync(mount));

  /** As Kubernetes updates a mounted secret: a link to a folder is replaced in one step. */
  function swap(version: string, pair: KeyPair): void {
    const target = join(mount, version);
    mkdirSync(target);
    write(target, 'tls', pair);
    symlinkSync(version, join(mount, '..next'));
    renameSync(join(mount, '..next'), join(mount, '..data'));
  }

  it('notices links that lead elsewhere, and keeps a bad pair out', async () => {
    const pairs = [certificateFor('a.example'), certificateFor('a.example')] as const;
    swap('v1', pairs[0]);
    symlinkSync('..data/tls.key', join(mount, 'tls.key'));
    symlinkSync('..data/tls.pem', join(mount, 'tls.pem'));
    const config = join(folder, 'c.json');
    const files = { keyFile: join(mount, 'tls.key'), certFile: join(mount, 'tls.pem') };
    const json = (certificates: unknown): string =>
      JSON.stringify({ listen: loopback, respond: { body: 'ok' }, tls: { certificates } });
    writeFileSync(config, json([write(folder, 'first', certificateFor('first.example'))]));
    const flags = ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning'];
    const args = [...flags, command, '--config', config, '--watch'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'close');
    use({
      close: async () => {
        child.kill('SIGKILL');
        await ended;
      },
    });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const port = Number(/:(\d+) -> /.exec(line)?.[1]);
    const open = await client(port, 'first.example');
    expect((await open.request(get)).text).toBe('ok');

    // A change is one to what was there when watching began: rather too often than once too early.
    const first = { keyFile: join(folder, 'first.key'), certFile: join(folder, 'first.pem') };
    await expect
      .poll(
        () => {
          writeFileSync(config, json([first, files]));
          return shown(port, 'a.example');
        },
        { interval: 200, timeout: 20_000 },
      )
      .toBe(pairs[0].cert);

    // The files of that are watched as well, though nobody named them at the start.
    let version = 1;
    const untilLogged = async (pair: KeyPair, text: string): Promise<void> => {
      log = '';
      await expect
        .poll(
          () => {
            version++;
            swap(`v${version}`, pair);
            return log;
          },
          { interval: 1500, timeout: 20_000 },
        )
        .toContain(text);
    };
    await untilLogged(
      { key: pairs[0].key, cert: pairs[1].cert },
      `read from ${files.keyFile} and ${files.certFile}; the current configuration stays`,
    );
    expect(await shown(port, 'a.example')).toBe(pairs[0].cert);
    await untilLogged(pairs[1], 'tls.pem changed: reloading');
    await expect.poll(() => shown(port, 'a.example'), { timeout: 20_000 }).toBe(pairs[1].cert);
    // As `rsync --inplace --times` does: it is as old as before.
    const third = certificateFor('a.example');
    const present = join(mount, `v${version}`);
    const { mtime } = statSync(join(present, 'tls.pem'));
    await expect
      .poll(
        () => {
          const written = write(present, 'tls', third);
          for (const file of Object.values(written)) utimesSync(file, mtime, mtime);
          return shown(port, 'a.example');
        },
        { interval: 1500, timeout: 20_000 },
      )
      .toBe(third.cert);
    expect((await open.request(get)).text).toBe('ok');
    await open.close();
    child.kill('SIGTERM');
    await eventually(() => child.exitCode !== null, 'the command to end');
    expect(child.exitCode).toBe(0);
  }, 60_000);
});

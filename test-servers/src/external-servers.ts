/**
 * Servers of other makers, as backends and for comparison, where they are installed. A test asks
 * `available()` first and skips itself by that name. Each runs in the foreground on a free port of
 * loopback, with its files in a fresh folder below the system's temporary one.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { KeyPair } from './certificates.ts';
import { freePort } from './free-port.ts';
import { defaultGuardMs, deferred, guarded } from './guard.ts';
import { closed, opened } from './registry.ts';

export type ExternalServerName =
  | 'nginx'
  | 'h2o'
  | 'haproxy'
  | 'python'
  | 'python-websockets'
  | 'python-django';

export interface ExternalServer {
  readonly url: string;
  readonly port: number;
  /** Folder of the files that it serves; empty for HAProxy and websockets. */
  readonly folder: string;
  /** What it has written to its log. */
  log(): string;
  /** Ends it, removes its folder and waits for both. */
  close(): Promise<void>;
}

/** Where a program is, in PATH or where Debian puts servers. */
export function find(program: string): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    '/usr/local/sbin',
    '/usr/bin',
  ];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The Python that has the package, of those there are. */
function pythonWith(module: string): string | undefined {
  const candidates = [find('python3'), '/usr/bin/python3'];
  return candidates.find(
    (path) =>
      path !== undefined &&
      isExecutable(path) &&
      spawnSync(path, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0,
  );
}

const pythonModules: ReadonlyMap<ExternalServerName, string> = new Map([
  ['python', 'http.server'],
  ['python-websockets', 'websockets'],
  ['python-django', 'django'],
]);

const found = new Map<ExternalServerName, string | undefined>();

function programFor(name: ExternalServerName): string | undefined {
  if (!found.has(name)) {
    const module = pythonModules.get(name);
    found.set(name, module === undefined ? find(name) : pythonWith(module));
  }
  return found.get(name);
}

/** Whether the server is installed here. */
export function available(name: ExternalServerName): boolean {
  return programFor(name) !== undefined;
}

export interface ServedFiles {
  /** Paths below the root, and what is in them. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

export interface Secured {
  /** Listens with TLS, and offers `h2` and `http/1.1` by ALPN. */
  readonly tls?: KeyPair;
}

export interface ProxyTo {
  /** `http://host:port` to pass every request on to, instead of serving files. */
  readonly proxyTo?: string;
}

export interface NginxSetup extends ServedFiles {
  /** `cert.pem` and `key.pem` beside the configuration. */
  readonly tls?: KeyPair | undefined;
  /** Path of a module to load. */
  readonly module?: string;
  readonly connections?: number;
}

/**
 * nginx with one worker. `blocks` writes what is outside `events`, for the port that it is to listen on; `root` is
 * the folder of the files, `temporary` goes into `http`.
 */
export function startConfiguredNginx(
  blocks: (port: number, places: { readonly root: string; readonly temporary: string }) => string,
  { files = {}, tls, module, connections = 64 }: NginxSetup = {},
): Promise<ExternalServer> {
  return startExternal('nginx', files, async (port, root) => {
    const inside = (name: string): string => join(root, '..', name);
    await pairFiles(tls, inside('.'));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${inside(`${name}_temp`)};`)
      .join('\n  ');
    await writeFile(
      inside('nginx.conf'),
      `${module === undefined ? '' : `load_module ${module};`}
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${inside('nginx.pid')};
error_log stderr notice;
events { worker_connections ${connections}; }
${blocks(port, { root, temporary })}
`,
    );
    return ['-p', inside('.'), '-c', inside('nginx.conf'), '-e', 'stderr'];
  });
}

/** HAProxy: `config` writes its configuration for the port that it is to listen on; `pair` has the two of `tls`. */
export function startConfiguredHaproxy(
  config: (port: number, pair: string) => string,
  tls?: KeyPair,
): Promise<ExternalServer> {
  return startExternal('haproxy', {}, async (port, folder) => {
    const file = join(folder, '..', 'haproxy.cfg');
    const pair = join(folder, '..', 'pair.pem');
    if (tls !== undefined) await writeFile(pair, `${tls.cert}\n${tls.key}`);
    await writeFile(file, config(port, pair));
    return ['-db', '-f', file];
  });
}

/**
 * nginx: serves files, takes `PUT /upload/…` and stores it; or passes everything on. `h2c`: speaks nothing
 * but HTTP/2, without TLS.
 */
export function startNginx(
  options: ServedFiles & ProxyTo & Secured & { readonly h2c?: boolean } = {},
): Promise<ExternalServer> {
  const { files = {}, tls, h2c, proxyTo } = options;
  const listening = (port: number): string =>
    tls === undefined
      ? `127.0.0.1:${port}${h2c === true ? ' http2' : ''};`
      : `127.0.0.1:${port} ssl http2;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;`;
  const location = (root: string): string =>
    proxyTo === undefined
      ? `root ${root};
    location /upload/ { dav_methods PUT DELETE; create_full_put_path on; }`
      : `location / {
      proxy_pass ${proxyTo};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_request_buffering off;
      proxy_buffering off;
    }`;
  return startConfiguredNginx(
    (port, { root, temporary }) => `http {
  access_log off;
  default_type text/plain;
  ${temporary}
  client_max_body_size 0;
  large_client_header_buffers 8 64k;
  # It drops fields of unusual names otherwise.
  ignore_invalid_headers off;
  keepalive_requests 1000000;
  server {
    listen ${listening(port)}
    ${location(root)}
  }
}`,
    { files, tls, connections: 4096 },
  );
}

/** h2o: serves files, over HTTP/1.1 and HTTP/2, the latter without TLS by prior knowledge. */
export function startH2o(options: ServedFiles & Secured = {}): Promise<ExternalServer> {
  return startExternal('h2o', options.files ?? {}, async (port, folder) => {
    const home = join(folder, '..');
    const config = join(home, 'h2o.conf');
    const secured = await pairFiles(options.tls, home);
    const ssl =
      secured === null
        ? ''
        : `
  ssl:
    certificate-file: ${secured.cert}
    key-file: ${secured.key}`;
    await writeFile(
      config,
      `${process.getuid?.() === 0 ? 'user: root\n' : ''}num-threads: 1
listen:
  host: 127.0.0.1
  port: ${port}${ssl}
hosts:
  default:
    paths:
      /:
        file.dir: ${folder}
`,
    );
    return ['-m', 'worker', '-c', config];
  });
}

async function pairFiles(pair: KeyPair | undefined, folder: string): Promise<KeyPair | null> {
  if (pair === undefined) return null;
  const paths = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
  await writeFile(paths.key, pair.key);
  await writeFile(paths.cert, pair.cert);
  return paths;
}

/** HAProxy: answers every request itself with `hello`, or passes everything on. */
export function startHaproxy({ proxyTo }: ProxyTo = {}): Promise<ExternalServer> {
  const answer =
    proxyTo === undefined
      ? 'http-request return status 200 content-type text/plain string "hello\\n"'
      : `default_backend target
backend target
  server target ${new URL(proxyTo).host}`;
  return startConfiguredHaproxy(
    (port) => `global
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend here
  bind 127.0.0.1:${port}
  ${answer}
`,
  );
}

/** Python's `http.server`: serves files over HTTP/1.0 or, where it can, 1.1. */
export function startPython(options: ServedFiles = {}): Promise<ExternalServer> {
  return startExternal('python', options.files ?? {}, async (port, folder) => [
    '-u',
    '-c',
    `import functools, http.server as s, sys
s.SimpleHTTPRequestHandler.protocol_version = 'HTTP/1.1'
handler = functools.partial(s.SimpleHTTPRequestHandler, directory=sys.argv[2])
s.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), handler).serve_forever()`,
    String(port),
    folder,
  ]);
}

/** Python's `websockets`: echoes every message. */
export function startPythonWebSockets(): Promise<ExternalServer> {
  return startExternal('python-websockets', {}, async (port) => [
    '-u',
    '-c',
    `import asyncio, sys, websockets
async def echo(socket, path=None):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(echo, '127.0.0.1', int(sys.argv[1]), max_size=2**26):
        await asyncio.Future()
asyncio.run(main())`,
    String(port),
  ]);
}

type Prepare = (port: number, folder: string) => Promise<string[]>;

/** Starts a program on a free port, with what `prepare` writes down for it. */
export async function startExternal(
  name: ExternalServerName,
  files: Readonly<Record<string, string | Uint8Array>>,
  prepare: Prepare,
): Promise<ExternalServer> {
  const program = programFor(name);
  if (program === undefined) throw new Error(`${name} is not installed`);
  const home = await mkdtemp(join(tmpdir(), `reverseit-${name}-`));
  try {
    const folder = join(home, 'files');
    await mkdir(folder);
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    // Another server of ours may find the same port; another one is tried then.
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const child = spawnQuietly(program, await prepare(port, folder));
      try {
        await child.whenListening(port);
        return serverOf(name, port, folder, home, child);
      } catch (error) {
        await child.end();
        if (attempt === 3) throw error;
      }
    }
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

function serverOf(
  name: string,
  port: number,
  folder: string,
  home: string,
  child: QuietChild,
): ExternalServer {
  const server: ExternalServer = {
    url: `http://127.0.0.1:${port}`,
    port,
    folder,
    log: () => child.log(),
    async close() {
      await child.end();
      await rm(home, { recursive: true, force: true });
      closed(server);
    },
  };
  opened(server, () => `${name} on port ${port}`);
  return server;
}

interface QuietChild {
  log(): string;
  whenListening(port: number): Promise<void>;
  end(): Promise<void>;
}

const maxLogLength = 100_000;

function spawnQuietly(program: string, args: readonly string[]): QuietChild {
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const note = (chunk: Buffer): void => {
    if (log.length < maxLogLength) log += chunk.toString();
  };
  child.stdout?.on('data', note);
  child.stderr?.on('data', note);
  const ended = deferred();
  let over = false;
  child.once('error', (error) => note(Buffer.from(String(error))));
  child.once('close', () => {
    over = true;
    ended.resolve();
  });
  // Must not outlive a test run that is broken off.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    log: () => log,
    async whenListening(port) {
      const end = performance.now() + defaultGuardMs;
      while (!(await connects(port))) {
        if (over || performance.now() > end) throw new Error(`${program} does not listen: ${log}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (over) throw new Error(`${program} has ended: ${log}`);
    },
    async end() {
      process.off('exit', kill);
      if (!over) child.kill('SIGTERM');
      try {
        await guarded(ended.promise, `${program} to end`, 3000);
      } catch {
        kill();
        await guarded(ended.promise, `${program} to be killed`);
      }
    },
  };
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = false;
    socket.once('connect', () => {
      answer = true;
      socket.destroy();
    });
    socket.once('error', () => {});
    socket.once('close', () => resolve(answer));
  });
}

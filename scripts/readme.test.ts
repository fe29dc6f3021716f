/**
 * The code in the READMEs does what they say. A snippet of JavaScript that is followed by a `text` block
 * prints it; every other one has its check here. Backends at 127.0.0.1:8080 and :8081 stand for the
 * friendly origin, and whatever a snippet listens on is moved to a free port. Commands are checked against
 * the scripts of package.json and the command line.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect } from 'node:http2';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, guarded, startFriendlyOrigin } from '@reverseit/test-servers';
import {
  certificateFor,
  type KeyPair,
  testCertificates,
} from '@reverseit/test-servers/certificates';
import { useServer } from '@reverseit/test-servers/use-server';
import { startWebSocketBridge } from '@reverseit/test-servers/websocket-bridge';
import { describe, expect, it } from 'vitest';
import { type Snippet, snippetsOf } from './lib/snippets.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = [
  'README.md',
  'packages/core/README.md',
  'packages/upstream/README.md',
  'packages/admin/README.md',
  'packages/node/README.md',
  'docs/cookbook.md',
  'docs/scaling.md',
];
const snippets = await Promise.all(
  files.map(async (file) => [file, snippetsOf(await readFile(join(root, file), 'utf8'))] as const),
);

const origin = useServer(() => startFriendlyOrigin());

/** Moves each listener to a free port, and tells the parent of it. */
const preload = `
import net from 'node:net';
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (options, ...rest) {
  this.once('listening', () => process.send(this.address().port));
  const where = typeof options === 'object' ? options : { port: options };
  return listen.call(this, { ...where, port: 0, host: '127.0.0.1' }, ...rest);
};`;

const flags = [
  '--conditions=@reverseit/source',
  '--disable-warning=ExperimentalWarning',
  `--import=data:text/javascript,${encodeURIComponent(preload)}`,
];

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** Port of the first listener, once it listens. */
  readonly port: Promise<number>;
  output(): string;
}

function start(code: string): Running {
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    timeout: 60_000,
  });
  const { host } = new URL(origin().url);
  child.stdin?.end(code.replace(/127\.0\.0\.1:808[01]/g, host));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close');
  const port = Promise.race([
    once(child, 'message').then(([message]) => Number(message)),
    ended.then(() => Promise.reject(new Error(`ended early: ${output}`))),
  ]);
  port.catch(() => {});
  return { child, ended, port, output: () => output };
}

/** Runs a snippet while `use` looks at it, and ends it. What it has printed. */
async function running(
  code: string,
  use: (url: string, output: () => string, child: ChildProcess) => Promise<void>,
): Promise<string> {
  const { child, ended, port, output } = start(code);
  try {
    await use(`http://127.0.0.1:${await port}`, output, child);
    child.kill('SIGTERM');
    await guarded(ended, () => `the snippet to end: ${output()}`);
    if (code.includes('SIGTERM')) expect(child.exitCode, output()).toBe(0);
    else expect(child.signalCode, output()).toBe('SIGTERM');
    return output();
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Runs a snippet that serves HTTP/2 over TLS, with a certificate in its folder. */
async function speaksHttp2(
  code: string,
  use: (session: ClientHttp2Session) => Promise<void>,
): Promise<void> {
  const { ca, server } = testCertificates();
  const folder = await mkdtemp(join(tmpdir(), 'reverseit-'));
  try {
    await writeFile(join(folder, 'key.pem'), server.key);
    await writeFile(join(folder, 'cert.pem'), server.cert);
    await running(code.replaceAll('/etc/reverseit', folder), async (url) => {
      const session = connect(url.replace('http:', 'https:'), { ca });
      await once(session, 'remoteSettings');
      expect(session.alpnProtocol).toBe('h2');
      await use(session);
      session.destroy();
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What a snippet prints. */
async function printed(code: string): Promise<string> {
  const { child, ended, output } = start(code);
  await ended;
  expect(child.exitCode, output()).toBe(0);
  return output();
}

const text = async (url: string, init?: RequestInit): Promise<string> =>
  (await fetch(url, init)).text();

async function echoOverWebSocket(url: string): Promise<void> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  await guarded(once(socket, 'open'), 'the WebSocket to open');
  socket.send('hello');
  const [message] = await guarded(once(socket, 'message'), 'the echo');
  expect(message.data).toBe('hello');
  socket.close(4000);
  const [closed] = await guarded(once(socket, 'close'), 'the WebSocket to close');
  expect([closed.code, closed.wasClean]).toEqual([4000, true]);
}

/** An application whose /api is the backend's, WebSockets included. */
const asMiddleware = (code: string): Promise<string> =>
  running(code, async (url) => {
    expect(await text(`${url}/api/hello`)).toBe('Hello from the backend.\n');
    expect(await text(`${url}/other`)).toBe('The application itself.\n');
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/ws`);
    const message = new Promise<unknown>((resolve, reject) => {
      socket.onopen = () => socket.send('hello');
      socket.onmessage = ({ data }) => resolve(data);
      socket.onclose = ({ code: closeCode }) => reject(new Error(`closed with ${closeCode}`));
    });
    expect(await guarded(message, 'an echo')).toBe('hello');
    const closed = new Promise((resolve) => {
      socket.onclose = resolve;
    });
    socket.close();
    await guarded(closed, 'the WebSocket to close');
  });

/** Checks of the snippets that print no output after them, by file and heading. */
const checks: Readonly<Record<string, (code: string) => Promise<unknown>>> = {
  'README.md: Quick start': async (code) => {
    const output = await running(code, async (url) => {
      expect(await text(`${url}/hello`)).toBe('Hello from the backend.\n');
    });
    expect(output).toContain('-> http://127.0.0.1:');
  },
  'README.md: Routes and hooks': async (code) => {
    const output = await running(code, async (url) => {
      expect(await text(`${url}/health`)).toBe('fine\n');
      expect(await text(`${url}/api/hello`)).toBe('Hello from the backend.\n');
      expect((await fetch(`${url}/echo`)).status).toBe(401);
      const headers = { authorization: 'Bearer of news' };
      expect(await text(`${url}/echo`, { headers })).toContain('x-api-key');
    });
    expect(output).toBe('GET /health 200\nGET /api/hello 200\nGET /echo 401\nGET /echo 200\n');
  },
  'packages/core/README.md: A WebSocket server': async (code) => {
    await running(code, async (url) => {
      expect((await fetch(url)).status).toBe(426);
      await echoOverWebSocket(url);
    });
    const http2 = code.replace('createHttpServer({}', "createHttpServer({ protocols: ['http2'] }");
    await running(http2, async (url) => {
      const bridge = await startWebSocketBridge({ port: Number(new URL(url).port) });
      await echoOverWebSocket(`http://127.0.0.1:${bridge.port}`);
      await bridge.close();
    });
  },
  'packages/node/README.md: Embed it': async (code) => {
    const output = await running(code, async (url) => {
      expect(await text(`${url}/hello`)).toBe('Hello from the backend.\n');
      expect(await text(`${url}/api/hello`)).toBe('Hello from the backend.\n');
      expect(await text(`${url}/health`)).toBe('fine\n');
      const body = Buffer.alloc(1024 * 1024 + 1);
      expect((await fetch(`${url}/upload`, { method: 'POST', body })).status).toBe(413);
    });
    expect(output).toMatch(/^listening on \{ host: '127\.0\.0\.1', port: \d+ \}\n$/);
  },
  'packages/node/README.md: Reload': async (code) => {
    const { ended, output } = start(code);
    expect([await ended, output()]).toEqual([[0, null], '']);
  },
  'packages/node/README.md: Hooks': async (code) => {
    const output = await running(code, async (url) => {
      const refused = await fetch(`${url}/echo`);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer');
      const seen = await text(`${url}/echo`, { headers: { authorization: 'Bearer secret' } });
      expect(seen).toContain('x-client');
      expect(seen).not.toContain('secret');
    });
    expect(output).toMatch(/^GET \/echo 401 \d+\.\d ms\nGET \/echo 200 \d+\.\d ms\n$/);
  },
  'packages/node/README.md: Worker processes': async (code) => {
    const output = await running(code, async (url, said) => {
      expect(await text(`${url}/hello`)).toBe('Hello from the backend.\n');
      // The second worker listens after the first.
      await eventually(() => said() !== '', 'the snippet to say who listens');
    });
    expect(output).toBe("[ 'listening', 'listening' ]\n");
  },
  'packages/node/README.md: Upgrades to other protocols': (code) =>
    running(code, async (url) => {
      expect((await fetch(`${url}/containers/a/attach`)).status).toBe(401);
    }),
  'docs/cookbook.md: TLS with several certificates, and their renewal': async (code) => {
    const shop = certificateFor('shop.example.org');
    const renewed = certificateFor('shop.example.org');
    const blog = certificateFor('anything.example');
    const folder = await mkdtemp(join(tmpdir(), 'reverseit-'));
    const write = async (name: string, { key, cert }: KeyPair): Promise<void> => {
      await writeFile(join(folder, `${name}.key`), key);
      await writeFile(join(folder, `${name}.pem`), cert);
    };
    try {
      await write('shop', shop);
      await write('blog', blog);
      await running(code.replace('/etc/reverseit', folder), async (url, output, child) => {
        const { port } = new URL(url);
        const { ca } = testCertificates();
        const where = { ca, host: '127.0.0.1', port, path: '/hello', agent: false };
        const shown = async (servername: string): Promise<string> => {
          const headers = { host: 'shop.example.org' };
          const asked = get({ ...where, servername, headers, rejectUnauthorized: false });
          const [response] = await once(asked, 'response');
          response.resume();
          expect(response.statusCode, output()).toBe(200);
          return response.socket.getPeerX509Certificate().serialNumber;
        };
        const serialOf = ({ cert }: KeyPair): string => new X509Certificate(cert).serialNumber;
        expect(await shown('shop.example.org')).toBe(serialOf(shop));
        expect(await shown('unknown.example.org')).toBe(serialOf(shop));
        expect(await shown('blog.example.org')).toBe(serialOf(blog));
        expect(await shown('a.blog.example.org')).toBe(serialOf(blog));
        await write('shop', renewed);
        child.kill('SIGHUP');
        await expect
          .poll(() => shown('shop.example.org'), { timeout: 10_000 })
          .toBe(serialOf(renewed));
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  'docs/cookbook.md: HTTP/2': (code) =>
    speaksHttp2(code, async (session) => {
      const [headers] = await once(session.request({ ':path': '/hello' }), 'response');
      expect(headers[':status']).toBe(200);
    }),
  // What it does with calls is in packages/node/test/grpc.test.ts.
  'docs/cookbook.md: gRPC': (code) => speaksHttp2(code, async () => {}),
  'docs/cookbook.md: Behind a load balancer': (code) =>
    running(code.replace('5_000', '50'), async (url) => {
      expect(await text(`${url}/healthz`)).toBe('ready\n');
      const headers = {
        'x-forwarded-for': '203.0.113.7, 198.51.100.1',
        'x-forwarded-proto': 'https',
        'x-client-address': 'me',
      };
      const seen = await text(`${url}/echo`, { headers });
      expect(seen).toContain('"198.51.100.1"');
      expect(seen).toContain('"https"');
      expect(seen).not.toContain('"me"');
    }),
  'docs/cookbook.md: An application behind a prefix': (code) =>
    running(code, async (url) => {
      expect(await text(`${url}/shop/hello`)).toBe('Hello from the backend.\n');
      expect(await text(`${url}/shop/echo`)).toContain('"/shop"');
    }),
  'docs/cookbook.md: Canary releases': async (code) => {
    const output = await running(code, async (url) => {
      for (const wanted of ['always', 'never']) {
        const response = await fetch(`${url}/hello`, { headers: { 'x-canary': wanted } });
        expect(await response.text()).toBe('Hello from the backend.\n');
        expect(response.headers.get('x-served-by')).toBe(wanted === 'always' ? 'canary' : null);
      }
    });
    expect(output).toBe('canary 200\nstable 200\n');
  },
  'docs/cookbook.md: Several backends': async (code) => {
    const output = await running(code, async (url, said, child) => {
      expect(await text(`${url}/hello`)).toBe('Hello from the backend.\n');
      child.kill('SIGUSR2');
      await eventually(() => said() !== '', 'the snippet to say who serves');
      expect(await text(`${url}/hello`)).toBe('Hello from the backend.\n');
    });
    expect(output).toMatch(/^\[ 'http:\/\/127\.0\.0\.1:\d+ healthy' \]\n$/);
  },
  'docs/cookbook.md: One backend per tenant': (code) =>
    running(code, async (url) => {
      for (const headers of [{}, { 'x-tenant': 'acme' }, { 'x-tenant': 'other' }]) {
        expect(await text(`${url}/hello`, { headers })).toBe('Hello from the backend.\n');
      }
    }),
  'docs/cookbook.md: Metrics, probes and a status page': (code) =>
    running(code, async (url) => {
      expect(await text(`${url}/hello`)).toBe('Hello from the backend.\n');
      expect(await text(`${url}/metrics`)).toMatch(
        /^reverseit_requests_total\{route="\/",method="GET",status="2xx"\} 1$/m,
      );
    }),
  'packages/admin/README.md: Use': (code) =>
    running(code, async (url) => {
      expect(await text(`${url}/hello`)).toBe('Hello from the backend.\n');
    }),
  'docs/cookbook.md: Maintenance mode': (code) =>
    running(code, async (url, output, child) => {
      expect((await fetch(`${url}/hello`)).status).toBe(200);
      child.kill('SIGUSR2');
      const deadline = Date.now() + 10_000;
      let response = await fetch(`${url}/hello`);
      while (response.status === 200) {
        expect(Date.now(), output()).toBeLessThan(deadline);
        response = await fetch(`${url}/hello`);
      }
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('600');
      expect(await response.text()).toContain('Back in ten minutes');
    }),
  'docs/cookbook.md: Request ids': async (code) => {
    let id: string | null = null;
    const output = await running(code, async (url) => {
      const response = await fetch(`${url}/echo`, { headers: { 'x-request-id': 'mine' } });
      id = response.headers.get('x-request-id');
      const seen = await response.text();
      expect(seen).toContain(id);
      expect(seen).not.toContain('mine');
    });
    expect(JSON.parse(output)).toEqual({ id, method: 'GET', target: '/echo', status: 200 });
    expect(id).toMatch(/^[\da-f-]{36}$/);
  },
  'docs/cookbook.md: Error pages': (code) =>
    running(code, async (url) => {
      expect(await text(`${url}/shop/hello`)).toBe('Hello from the backend.\n');
      const page = await fetch(`${url}/nowhere`);
      expect(page.status).toBe(404);
      expect(await page.text()).toContain('There is nothing here.');
      const json = await fetch(`${url}/nowhere`, { headers: { accept: 'application/json' } });
      expect(await json.json()).toMatchObject({ error: 'RIT_ERR_NO_ROUTE' });
    }),
  'docs/cookbook.md: Rate limits': (code) =>
    running(code, async (url) => {
      const statuses: number[] = [];
      for (let i = 0; i < 40; i++) statuses.push((await fetch(`${url}/hello`)).status);
      expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 200));
      expect(statuses).toContain(429);
    }),
  'README.md: As middleware': asMiddleware,
  'packages/node/README.md: Middleware': asMiddleware,
  'packages/core/README.md: A server': (code) =>
    running(code, async (url) => {
      expect(await text(`${url}/a?b`)).toBe('You asked for /a?b\n');
      expect(await text(url, { method: 'POST', body: 'hello' })).toBe('5 bytes\n');
    }),
};

describe.each(snippets)('%s', (file, all) => {
  const scripts = all.filter(({ language }) => language === 'js');
  it.each(scripts.map((snippet) => [titleOf(snippet), snippet] as const))(
    'runs: %s',
    async (_, { heading, text: code, output }) => {
      if (/^(\/\/ reverseit\.config\.mjs|export default)/.test(code)) await checkConfig(code);
      else if (output !== undefined) expect(await printed(code)).toBe(output);
      else {
        const check = checks[`${file}: ${heading}`];
        expect(check, 'a check in readme.test.ts').toBeDefined();
        await check?.(code);
      }
    },
    60_000,
  );

  const commands = all
    .filter(({ language }) => language === 'sh')
    .flatMap((snippet) => snippet.text.replace(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.replace(/\s*#.*$/, '').trim())
    .filter((line) => line !== '');
  it.each(commands)('is a command: %s', checkCommand, 60_000);
});

const titleOf = ({ heading, text: code }: Snippet): string =>
  `${heading} (${/\{ (.*?) \} from/.exec(code)?.[1] ?? 'code'})`;

async function cli(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(
    process.execPath,
    [...flags.slice(0, 2), 'packages/node/src/cli.ts', ...args],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

async function checkConfig(code: string): Promise<void> {
  // Inside the repository, so that imports are found.
  const folder = await mkdtemp(join(root, 'node_modules/.readme-'));
  try {
    await writeFile(join(folder, 'reverseit.config.mjs'), code);
    const result = await cli(['--config', join(folder, 'reverseit.config.mjs'), '--check']);
    expect(result.output).not.toContain('invalid');
    expect(result.code, result.output).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function checkCommand(command: string): Promise<void> {
  const [program = '', ...args] = command.split(' ');
  const reverseit =
    /^(?:npx (?:-p )?@reverseit\/node|node packages\/node\/dist\/cli\.js|reverseit) /;
  if (reverseit.test(command)) {
    const given = command.replace(reverseit, '').split(/ (?=(?:[^"]*"[^"]*")*[^"]*$)/);
    // The file of the README is checked by itself.
    if (given.includes('--config')) return;
    const result = await cli([...given.map((arg) => arg.replaceAll('"', '')), '--check']);
    expect(result.code, result.output).toBe(0);
  } else if (program === 'npm') {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    if (args[0] === 'install') expect(args.at(-1)).toMatch(/^@reverseit\/(core|upstream|node)$/);
    else expect(Object.keys(scripts)).toContain(args[0] === 'run' ? args[1] : args[0]);
  } else expect(command).toMatch(/^(curl -i|git clone|cp|systemctl|docker|kubectl) /);
}

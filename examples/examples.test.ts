/** Runs the examples as `npm run examples` does, against a stack like that of `npm start`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createServer, type ReverseItOptions } from '@reverseit/node';
import {
  answerEach,
  response,
  startFriendlyOrigin,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { useCleanup, useServer } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import { serverChecks } from './server-checks.mjs';

const timeoutMs = 120_000;
const here = fileURLToPath(new URL('.', import.meta.url));
const origin = useServer(() => startFriendlyOrigin());
const use = useCleanup();

/** A proxy in front of the origin. */
async function startProxy(options: ReverseItOptions = {}): Promise<string> {
  const proxy = use(createServer({ logger: null, backend: origin().url, ...options }));
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return 'port' in address ? `http://127.0.0.1:${address.port}` : '';
}

async function run(...args: readonly string[]): Promise<{ code: number | null; lines: string[] }> {
  const flags = ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, ...args], {
    cwd: here,
    timeout: timeoutMs,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  return { code, lines: output.trim().split('\n') };
}

it.each([
  ['node_client', /^pass {2}node_client: \d\d passed, 0 failed$/],
  ['python_client', /^(pass {2}python_client: \d\d passed, 0 failed(, 7 skipped)?|skip .*)$/],
  ['curl_examples.sh', /^(pass {2}curl_examples.sh: \d\d passed, 0 failed|skip .*)$/],
] as const)(
  '%s passes',
  async (name, first) => {
    const { code, lines } = await run('run-all.mjs', await startProxy(), `--only=${name}`);
    expect(lines.join('\n')).toMatch(/\nall examples hold$/);
    expect(lines[0]).toMatch(first);
    expect(code).toBe(0);
  },
  timeoutMs,
);

it.each(Object.entries(serverChecks))(
  '%s does what it says',
  async (file, checks) => {
    const { code, lines } = await run('run-all.mjs', await startProxy(), `--only=${file}`);
    for (const title of [...Object.keys(checks), 'ends in good order']) {
      expect(lines).toContain(`pass  ${file}: ${title}`);
    }
    expect(code).toBe(0);
  },
  timeoutMs,
);

it(
  'hooks/response-headers.mjs leaves cookies that say SameSite by themselves',
  async () => {
    const cookies = [
      ['a=1; SameSite=None; Secure', 'a=1; SameSite=None; Secure'],
      ['b=2; samesite = Strict', 'b=2; samesite = Strict'],
      ['c=3;SameSite', 'c=3;SameSite'],
      ['d=SameSite=None', 'd=SameSite=None; SameSite=Lax'],
      ['e=5', 'e=5; SameSite=Lax'],
    ] as const;
    const lines = cookies.map(([cookie]) => `Set-Cookie: ${cookie}`);
    const backend = use(
      await startScriptedOrigin({ script: answerEach(response(200, '', lines)) }),
    );
    const child = spawn(
      process.execPath,
      ['--conditions=@reverseit/source', '--no-warnings', 'hooks/response-headers.mjs'],
      { cwd: here, env: { ...process.env, PORT: '0', BACKEND: backend.url }, timeout: timeoutMs },
    );
    const ended = once(child, 'close');
    try {
      const url = await new Promise<string>((resolve) => {
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          const [, found] = /^listening on (\S+)$/m.exec(text) ?? [];
          if (found !== undefined) resolve(found);
        });
      });
      const { headers } = await fetch(url);
      expect(headers.getSetCookie()).toEqual(cookies.map(([, changed]) => changed));
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  },
  timeoutMs,
);

it(
  'a client fails where the proxy answers otherwise',
  async () => {
    const wrong = await startProxy({
      onResponse: ({ headers }) => headers.delete('x-checksum'),
      onRequest: ({ target }) => (target === '/hello' ? { body: 'Hello.\n' } : undefined),
    });
    const { code, lines } = await run('node_client/client.mjs', wrong);
    expect(lines).toContain('FAIL  GET /hello');
    expect(lines.at(-1)).toMatch(/^\d\d passed, 2 failed$/);
    expect(code).toBe(1);
  },
  timeoutMs,
);

it('a client says that nothing listens', async () => {
  const { code, lines } = await run('node_client/client.mjs', 'http://127.0.0.1:1');
  expect(lines.at(-1)).toBe('Nothing listens on 127.0.0.1:1. Start it with: npm start');
  expect(code).toBe(1);
});

it('a name that is no example is refused', async () => {
  const { code, lines } = await run('run-all.mjs', '--only=nothing');
  expect(lines[0]).toMatch(/^There is no example nothing\. Examples: node_client, /);
  expect(code).toBe(2);
});

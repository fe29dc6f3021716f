/** What is written where the application brings no logger: lines on standard error, and not without bound. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guarded } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';

const index = fileURLToPath(new URL('../src/index.ts', import.meta.url));

/** Asks a proxy of these options for `/x` so often, in a process of its own; answers its standard error. */
async function logOf(
  make: 'createServer' | 'createHandler',
  options: string,
  times = 1,
  stderr: 'pipe' | 'broken' = 'pipe',
): Promise<string[]> {
  const program = `
    const http = await import('node:http');
    const proxies = await import(${JSON.stringify(index)});
    const proxy = proxies.${make}(${options});
    let port;
    let server;
    if ('listen' in proxy) ({ port } = await proxy.listen({ host: '127.0.0.1', port: 0 }));
    else {
      server = http.createServer((request, response) => proxy(request, response));
      await new Promise((done) => server.listen(0, '127.0.0.1', done));
      ({ port } = server.address());
    }
    // Until the other end of standard error is gone, where that is wanted.
    await new Promise((done) => process.stdin.once('data', done));
    const statuses = [];
    for (let nth = 0; nth < ${times}; nth++) {
      const { status } = await fetch('http://127.0.0.1:' + port + '/x', { headers: { connection: 'close' } });
      statuses.push(status);
    }
    await proxy.close({ timeout: 0 });
    server?.close();
    process.stdin.destroy();
    console.log(JSON.stringify([...new Set(statuses)]));
  `;
  const child = spawn(
    process.execPath,
    ['--conditions=@reverseit/source', '--no-warnings', '--input-type=module', '-e', program],
    { stdio: 'pipe' },
  );
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  if (stderr === 'broken') child.stderr.destroy();
  else child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  child.stdin.write('go');
  const [code] = await guarded(once(child, 'close'), 'the process to end');
  const lines = Buffer.concat(errors).toString().split('\n').filter(Boolean);
  expect({ code, statuses: out.join('') === '' ? lines : JSON.parse(out.join('')) }).toEqual({
    code: 0,
    statuses: [expect.any(Number)],
  });
  return lines;
}

const down = "backend: 'http://127.0.0.1:1'";

describe.each(['createServer', 'createHandler'] as const)('%s', (make) => {
  it.each<[string, string, string[]]>([
    [
      'a hook that throws, and where',
      `{ ${down}, onRequest() { throw new Error('a slip'); } }`,
      [
        expect.stringMatching(
          /^reverseit: error: onRequest threw: a slip, at .*\d+:\d+\)? \(RIT_ERR_INTERNAL, route \/\)$/,
        ),
      ],
    ],
    [
      'a backend that is down',
      `{ ${down} }`,
      [
        expect.stringMatching(
          /^reverseit: warning: backend cannot be reached: .*ECONNREFUSED.* \(RIT_ERR_UPSTREAM_CONNECT, route \/\)$/,
        ),
      ],
    ],
    [
      'onFinish that throws',
      '{ respond: {}, onFinish() { throw new Error("a slip"); } }',
      [expect.stringMatching(/^reverseit: error: onFinish threw: a slip, at /)],
    ],
    ['nothing of a request that is served', '{ respond: {} }', []],
    ['nothing of what is the client’s own fault', '{ respond: {}, path: "/other" }', []],
    ['nothing where logger is null', `{ ${down}, logger: null }`, []],
  ])('%s', async (_, options, lines) => {
    expect(await logOf(make, options)).toEqual(lines);
  });
});

it('a flood of failures is one line', async () => {
  expect(await logOf('createServer', `{ ${down} }`, 200)).toHaveLength(1);
});

it('a reader of standard error that went away does not end the process', async () => {
  await logOf('createServer', `{ ${down} }`, 2, 'broken');
});

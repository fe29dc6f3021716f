/** Programs that speak HTTP/2 as clients of the proxy: curl, nghttp and h2load. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { find } from '@reverseit/test-servers/external-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { large, type Served, type Spoken, serve, versions } from './client-programs-rig.ts';

useCensus();
const use = useCleanup();

const spoken: readonly Spoken[] = ['HTTP/2', 'HTTP/2 in the clear'];

interface Output {
  readonly out: Buffer;
  readonly text: string;
}

function run(program: string, args: readonly string[]): Promise<Output> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024, timeout: 50_000 } as const;
    execFile(program, args, options, (error, out, err) => {
      if (error === null) resolve({ out, text: `${out.toString('latin1')}${err}` });
      else reject(new Error(`${error.message}\n${err}`));
    });
  });
}

/** Runs a program until it has written this much, and ends it. */
async function runAndStop(program: string, args: readonly string[], bytes: number): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let seen = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    if (seen >= bytes) child.kill('SIGKILL');
  });
  await once(child, 'close');
  expect(seen).toBeGreaterThanOrEqual(bytes);
}

/** The content of `/large`, in a file. */
function largeFile({ caFile }: Served): string {
  const file = join(dirname(caFile), 'large');
  writeFileSync(file, large);
  return file;
}

describe.each(spoken)('%s', (protocol) => {
  const curl = find('curl');
  describe.skipIf(curl === undefined)('curl', () => {
    const start = async () => {
      const served = await serve(use, protocol);
      const how = protocol === 'HTTP/2' ? '--http2' : '--http2-prior-knowledge';
      const args = ['-sS', how, '--cacert', served.caFile];
      return { served, ask: (...more: string[]) => run(curl ?? '', [...args, ...more]), args };
    };

    it('GET, HEAD and a status', async () => {
      const { served, ask } = await start();
      expect((await ask(`${served.base}/hello`)).text).toBe('hello');
      expect((await ask('-I', `${served.base}/hello`)).text).toMatch(/^HTTP\/2 200 /);
      const missing = await ask('-o', '-', '-w', '%{http_code}', `${served.base}/missing`);
      expect(missing.text).toBe('404');
      expect(versions(served)).toEqual(['2.0']);
    });

    it('a large download and a large upload', async () => {
      const { served, ask } = await start();
      expect((await ask(`${served.base}/large`)).out.equals(large)).toBe(true);
      const echoed = await ask('-T', largeFile(served), '-X', 'POST', `${served.base}/echo`);
      expect(echoed.out.equals(large)).toBe(true);
    });

    it('Expect: 100-continue (RFC 9110 §10.1.1)', async () => {
      const { served, ask } = await start();
      const expecting = ['-v', '--expect100-timeout', '40', '-H', 'Expect: 100-continue'];
      const { text } = await ask(...expecting, '--data-binary', 'abc', `${served.base}/echo`);
      expect(text).toMatch(/^< HTTP\/2 100 /m);
      expect(text).toMatch(/^< HTTP\/2 200 /m);
      expect(text).toMatch(/^abc/);
    });

    it('103 and trailers', async () => {
      const { served, ask } = await start();
      const hinted = await ask('-i', `${served.base}/early-hints`);
      expect(hinted.text).toMatch(/^HTTP\/2 103 \r\nlink: <\/style.css>[\s\S]*HTTP\/2 200 /);
      const { text } = await ask('-v', '-H', 'TE: trailers', `${served.base}/trailers`);
      expect(text).toMatch(/^body/);
      expect(text).toMatch(/^< x-sum: 42/m);
    });

    // In the clear curl 7.88 fails at it, whatever the server: "Error in the HTTP2 framing layer".
    it.skipIf(protocol !== 'HTTP/2')('many at once', async () => {
      const { served, ask } = await start();
      const many = ['--parallel', '--parallel-max', '50', `${served.base}/hello?[1-50]`];
      const { out } = await ask('-o', '/dev/null', '-w', '%{http_code} ', ...many);
      expect(String(out).trim().split(' ')).toEqual(Array.from({ length: 50 }, () => '404'));
    });

    it('goes in the middle of a response', async () => {
      const { served, args } = await start();
      await runAndStop(curl ?? '', [...args, `${served.base}/endless`], 100_000);
      expect(await served.outcomeOf('/endless')).toBe('RIT_ERR_CLIENT_ABORTED');
    });
  });

  const nghttp = find('nghttp');
  describe.skipIf(nghttp === undefined)('nghttp (needs nghttp2-client)', () => {
    it('gets what it asks for, byte for byte', async () => {
      const served = await serve(use, protocol);
      const ask = (...args: string[]) => run(nghttp ?? '', [...args]);
      expect((await ask(`${served.base}/large`)).out.equals(large)).toBe(true);
      const file = largeFile(served);
      expect((await ask('-d', file, `${served.base}/echo`)).out.equals(large)).toBe(true);
      const { text } = await ask('-nv', '-H', 'te: trailers', `${served.base}/trailers`);
      expect(text).toMatch(/:status: 200[\s\S]*x-sum: 42/);
      expect((await ask('-nv', `${served.base}/early-hints`)).text).toMatch(
        /:status: 103[\s\S]*:status: 200/,
      );
      // Padding, small windows, and CONTINUATION frames for a header block of its own.
      const odd = ['-b', '100', '-w', '14', '-W', '15', '--continuation', '-H', 'x-a: b'];
      expect((await ask(...odd, `${served.base}/large`)).out.equals(large)).toBe(true);
      const expecting = ['-v', '--expect-continue', '-d', file, `${served.base}/echo`];
      expect((await ask(...expecting)).text).toMatch(/:status: 100[\s\S]*:status: 200/);
      expect(versions(served)).toEqual(['2.0']);
    });
  });

  const h2load = find('h2load');
  describe.skipIf(h2load === undefined)('h2load (needs nghttp2-client)', () => {
    it.each([
      ['/hello', 2000, []],
      ['/large', 20, []],
      ['/echo', 20, ['-d']],
    ] as const)('%s, %i times over many streams', async (path, count, how) => {
      const served = await serve(use, protocol);
      const body = how.length === 0 ? [] : ['-d', largeFile(served)];
      const many = ['-n', String(count), '-c', '4', '-m', '20', ...body];
      const { text } = await run(h2load ?? '', [...many, `${served.base}${path}`]);
      expect(text).toContain(`${count} succeeded, 0 failed, 0 errored, 0 timeout`);
      expect(text).toContain(`status codes: ${count} 2xx`);
      const bytes = path === '/hello' ? 5 : large.length;
      expect(Number(/\((\d+)\) data/.exec(text)?.[1])).toBe(bytes * count);
      expect(served.records.length).toBe(count);
    });
  });
});

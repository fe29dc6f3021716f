/** The access log of a proxy: what stands in it, in which order, and what becomes of it when things go wrong. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, expectRequest } from '@reverseit/test-servers';
import { inParallel } from '@reverseit/test-servers/flood';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createAccessLog,
  createHandler,
  createServer,
  type ReverseItOptions,
} from '../src/index.ts';
import { type ProxySetup, request, useProxy } from './harness.ts';

const start = useProxy();
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reverseit-access-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const linesOf = (name: string): string[] =>
  readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);

async function bind(options: ReverseItOptions = {}, setup: Omit<ProxySetup, 'options'> = {}) {
  const file = join(folder, 'access.log');
  const bench = await start({
    ...setup,
    options: { accessLog: file, accessLogFormat: 'json', ...options },
  });
  const ask = async (...given: Parameters<typeof request>) => {
    const client = await bench.connect();
    const answer = await client.request(request(...given), {
      method: given[0].split(' ')[0] ?? '',
    });
    await client.close();
    return answer;
  };
  const lines = async (count: number): Promise<string[]> => {
    await eventually(() => linesOf('access.log').length >= count, `${count} lines`);
    return linesOf('access.log');
  };
  const records = async (count: number) =>
    (await lines(count)).map((line) => JSON.parse(line) as Record<string, unknown>);
  return { bench, ask, lines, records };
}

describe('what is logged', () => {
  it('a request that was served, with its id', async () => {
    const { bench, ask, records } = await bind({ requestId: true, name: 'main' });
    const answer = await ask('POST /x?y', ['User-Agent: me', 'Content-Length: 3'], 'abc');
    expect(await records(1)).toMatchObject([
      {
        requestId: answer.header('x-request-id'),
        remoteAddress: '127.0.0.1',
        scheme: 'http',
        method: 'POST',
        target: '/x?y',
        authority: 'a',
        status: 200,
        bytesReceived: 3,
        bytesSent: 2,
        route: 'main',
        backend: bench.origin.url,
        userAgent: 'me',
        errorCode: null,
      },
    ]);
  });

  it('what was refused, answered by ourselves, or failed', async () => {
    const { ask, records } = await bind({
      routes: [
        { path: '/down', backend: 'http://127.0.0.1:1' },
        { path: '/own', respond: { status: 204 } },
      ],
    });
    await ask('GET /down');
    await ask('GET /own');
    await ask('GET /none');
    await ask('OPTIONS *');
    const seen = (await records(4)).map(({ status, errorCode }) => [status, errorCode]);
    expect(seen).toEqual([
      [502, 'RIT_ERR_UPSTREAM_CONNECT'],
      [204, null],
      [404, 'RIT_ERR_NO_ROUTE'],
      [204, null],
    ]);
  });

  it('a client that left, with its address', async () => {
    const { bench, records } = await bind(
      { forwardedHeaders: false },
      { origin: { script: [expectRequest(), (c) => c.whenPeerGone()] } },
    );
    const client = await bench.connect();
    client.send(request('GET /x'));
    await bench.origin.request();
    client.reset();
    expect(await records(1)).toMatchObject([{ status: 499, remoteAddress: '127.0.0.1' }]);
  });

  it('hostile bytes stay in their field', async () => {
    const { ask, lines } = await bind({ accessLogFormat: 'combined' });
    await ask('GET /"a', ['User-Agent: x" 500 0 "\u009b\u00e9\t', 'Referer: \\']);
    const [line] = await lines(1);
    expect(line).toMatch(
      /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/\\x22a HTTP\/1\.1" 200 2 "\\x5C" "x\\x22 500 0 \\x22\\x9B\\xE9"$/,
    );
  });

  it('by a function, which cannot break the line, and may throw', async () => {
    const logged: string[] = [];
    const write = (_: object, message: string): void => void logged.push(message);
    const logger = { debug: write, info: write, warn: write, error: write };
    const { ask, lines } = await bind({
      logger,
      accessLogFormat: ({ target }) => {
        if (target === '/throw') throw new Error('no');
        return `a\nb ${target}`;
      },
    });
    await ask('GET /throw');
    await ask('GET /x');
    expect(await lines(1)).toEqual(['a b /x']);
    expect(logged).toEqual([expect.stringContaining('accessLogFormat')]);
  });
});

it('10,000 requests at once by 50 connections: every line once, each connection’s in order', async () => {
  const { bench, lines } = await bind({
    accessLogFormat: '$remote_port $request_uri',
    respond: { body: 'ok' },
  });
  await inParallel(
    Array.from({ length: 50 }, (_, nth) => nth),
    50,
    async (nth) => {
      const client = await bench.connect();
      // Pipelined in parts, so that lines of many connections come in each turn.
      for (let from = 0; from < 200; from += 20) {
        const targets = Array.from({ length: 20 }, (_, one) => `GET /${nth}/${from + one}`);
        client.send(targets.map((target) => request(target)).join(''));
        for (const _ of targets) await client.readResponse();
      }
    },
  );
  const all = await lines(10_000);
  expect(all).toHaveLength(10_000);
  const byConnection = new Map<string, string[]>();
  for (const line of all) {
    const [port = '', target = ''] = line.split(' ');
    byConnection.set(port, [...(byConnection.get(port) ?? []), target]);
  }
  expect(byConnection.size).toBe(50);
  for (const own of byConnection.values()) {
    const [, nth] = own[0]?.split('/') ?? [];
    expect(own).toEqual(Array.from({ length: 200 }, (_, one) => `/${nth}/${one}`));
  }
  expect(bench.proxy.stats().droppedAccessLines).toBe(0);
});

describe('the file', () => {
  it('that cannot be opened is an invalid option, and nothing listens', async () => {
    const options = { backend: 'http://127.0.0.1:1', logger: null };
    const proxy = createServer({ ...options, accessLog: join(folder, 'missing/a.log') });
    await expect(proxy.listen({ port: 0 })).rejects.toMatchObject({
      code: 'RIT_ERR_CONFIG',
      message: expect.stringMatching(/^accessLog: cannot open .*a\.log: ENOENT/),
    });
    expect(proxy.address()).toBeNull();
    await proxy.close();
  });

  it('is not touched before listen', () => {
    createServer({ backend: 'http://h', accessLog: join(folder, 'a.log') });
    expect(() => linesOf('a.log')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  it('is reopened by reopenLogs; where that fails, the open one stays', async () => {
    const warnings: string[] = [];
    const ignore = (): void => {};
    const warn = (_: object, message: string): void => void warnings.push(message);
    const { bench, ask, records } = await bind({
      logger: { debug: ignore, info: ignore, warn, error: ignore },
    });
    const path = join(folder, 'access.log');
    await ask('GET /1');
    await records(1);
    renameSync(path, `${path}.1`);
    await bench.proxy.reopenLogs();
    await ask('GET /2');
    expect(await records(1)).toMatchObject([{ target: '/2' }]);
    renameSync(path, `${path}.2`);
    mkdirSync(path);
    await bench.proxy.reopenLogs();
    await ask('GET /3');
    await eventually(() => linesOf('access.log.2').length === 2, 'the line');
    expect(warnings).toEqual([expect.stringMatching(/^access log: cannot reopen .*EISDIR/)]);
    rmSync(path, { recursive: true });
  });

  it('and format change at a reload, or the log ends; a bad one changes nothing', async () => {
    const { bench, ask, records } = await bind();
    const options = { backend: bench.origin.url, logger: null };
    await ask('GET /1');
    await records(1);
    expect(() =>
      bench.proxy.reload({ ...options, accessLog: join(folder, 'missing/a.log') }),
    ).toThrow(/accessLog: cannot open/);
    await ask('GET /2');
    expect(await records(2)).toHaveLength(2);
    bench.proxy.reload({
      ...options,
      accessLog: join(folder, 'other.log'),
      accessLogFormat: '$request_uri',
    });
    await ask('GET /3');
    await eventually(() => linesOf('other.log').length === 1, 'the line');
    expect(linesOf('other.log')).toEqual(['/3']);
    bench.proxy.reload(options);
    await ask('GET /4');
    expect(linesOf('other.log')).toEqual(['/3']);
    expect(await records(2)).toHaveLength(2);
  });

  it('is complete when close resolves', async () => {
    const { bench, ask } = await bind();
    await ask('GET /1');
    await bench.whenIdle();
    await bench.proxy.close();
    expect(linesOf('access.log')).toHaveLength(1);
  });
});

describe('createAccessLog', () => {
  it('is a hook for servers and middleware', async () => {
    const log = createAccessLog({ file: join(folder, 'own.log'), format: '$request_uri $status' });
    const bench = await start({ options: { onFinish: log.onFinish } });
    const client = await bench.connect();
    await client.request(request('GET /own'));
    await client.close();
    await bench.whenIdle();
    await log.close();
    expect(linesOf('own.log')).toEqual(['/own 200']);
    expect(log.dropped).toBe(0);
  });

  it.each<[options: object | undefined, message: RegExp]>([
    [undefined, /option undefined is not accepted; expected an object of options/],
    [{ file: '' }, /option file: "" is not accepted; expected a file name or "-"/],
    [{ file: 'a', format: '$x_none' }, /option format: has an unknown variable \$x_none/],
    [{ file: 'a', format: 3 }, /option format: expected "combined", "json", a template/],
    [{ file: 'a', maxBufferedBytes: 0 }, /option maxBufferedBytes: 0 is not accepted/],
    [{ file: 'a', path: 'b' }, /option path: unknown option/],
    [{ file: '/nonexistent/a.log' }, /^accessLog: cannot open \/nonexistent\/a\.log: ENOENT/],
  ])('%j is refused', (options, message) => {
    expect(() => createAccessLog(options as never)).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_CONFIG', message: expect.stringMatching(message) }),
    );
  });

  it('stands in for the option, which middleware has not', () => {
    expect(() => createHandler({ backend: 'http://h', accessLog: '-' } as never)).toThrow(
      /accessLog: not available in middleware; pass createAccessLog/,
    );
  });
});

describe('options', () => {
  it.each<[ReverseItOptions, RegExp]>([
    [{ accessLog: '' }, /option accessLog: "" is not accepted; expected a file name or "-"/],
    [
      { accessLogFormat: '$stauts' },
      /option accessLogFormat: has an unknown variable \$stauts; did/,
    ],
    [{ accessLogFormat: '' }, /option accessLogFormat: "" is not accepted; expected "combined"/],
    [{ accessLogBuffer: 1 }, /option accessLogBuffer: 1 is not accepted/],
    [{ logLevel: 'trace' as never }, /option logLevel: "trace" is not accepted; expected "debug"/],
    [{ logFormat: 'xml' as never }, /option logFormat: "xml" is not accepted/],
  ])('%j', (options, message) => {
    expect(() => createServer({ backend: 'http://h', ...options })).toThrow(message);
  });
});

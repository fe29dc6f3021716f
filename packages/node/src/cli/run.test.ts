import { createError } from '@reverseit/core/errors';
import { deferred } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, it, vi } from 'vitest';
import type { ReverseItCluster } from '../cluster/cluster-types.ts';
import type { WorkerSource } from '../cluster/messages.ts';
import { LineLogger } from '../logging/line-logger.ts';
import type { OnReload } from '../options/admin-options.ts';
import type { ReverseItOptions } from '../options/proxy-options.ts';
import type { Address } from '../server/address.ts';
import type { ServedProxy } from '../server/create-server.ts';
import { ReadyFile } from './ready-file.ts';
import { type CommandHost, run } from './run.ts';
import type { Signal } from './serve.ts';

const notAskedFor = (): never => {
  throw new Error('not asked for');
};

/** A process in which nothing happens but what a test makes happen. */
class FakeHost implements CommandHost {
  readonly args: readonly string[];
  readonly version = '1.2.3';
  time = 0;
  readonly printed: string[] = [];
  readonly logged: string[] = [];
  readonly made: ReverseItOptions[] = [];
  files: Readonly<Record<string, unknown>> = {};
  sockets: readonly number[] = [];
  listen: ServedProxy['listenAt'] = async (targets) =>
    targets.map((target) => ({ host: '127.0.0.1', port: 1, ...target }));
  closed: () => void = () => undefined;
  readonly listening: Promise<void>;
  #onPrint: () => void = () => undefined;
  #signal: ((signal: Signal) => void) | null = null;
  #hangup: (() => void) | null = null;
  source: (() => WorkerSource) | null = null;
  restart: () => Promise<void> = async () => undefined;
  reload: (options: ReverseItOptions) => void = () => undefined;
  /** By their names, where they have changed. */
  stamps: Readonly<Record<string, string>> = {};
  readonly watched = new Set<string>();
  /** Has the files looked at. */
  look: () => void = () => undefined;
  onReload: OnReload | null = null;
  reopen: () => void = () => undefined;
  reopened = 0;
  closeTimeouts: (number | undefined)[] = [];
  /** The same of servers in this process. */
  readonly serverCloses: (number | undefined)[] = [];

  constructor(...args: string[]) {
    this.args = args;
    this.listening = new Promise((resolve) => {
      this.#onPrint = resolve;
    });
  }

  bold(text: string): string {
    return `*${text}*`;
  }
  now(): number {
    return this.time;
  }
  print(line: string): void {
    this.printed.push(line);
    this.#onPrint();
  }
  log(line: string): void {
    this.logged.push(line);
  }
  readFile(path: string): string {
    throw new Error(`no file ${path}`);
  }
  async loadConfig(file: string): Promise<unknown> {
    const content = this.files[file];
    if (content === undefined) throw createError('RIT_ERR_CONFIG', `cannot load ${file}`);
    return content;
  }
  createServer(options: ReverseItOptions): ServedProxy {
    this.made.push(options);
    return {
      listenAt: (targets) => this.listen(targets),
      close: ({ timeout } = {}) => {
        this.serverCloses.push(timeout);
        return new Promise((resolve) => {
          this.closed = resolve;
        });
      },
      addresses: () => [],
      adminAddress: () => null,
      stats: notAskedFor,
      metrics: notAskedFor,
      drain: notAskedFor,
      enable: notAskedFor,
      reload: (again) => this.reload(again),
      reopenLogs: async () => {
        this.reopened++;
      },
    };
  }
  createCluster(source: () => WorkerSource, _: unknown, onReload: OnReload): ReverseItCluster {
    this.source = source;
    this.onReload = onReload;
    return {
      listen: async () => (await this.listen([{ port: 5 }]))[0] as Address,
      restart: () => this.restart(),
      reopenLogs: async () => {
        this.reopened++;
      },
      close: ({ timeout } = {}) => {
        this.closeTimeouts.push(timeout);
        return new Promise((resolve) => {
          this.closed = resolve;
        });
      },
      address: () => null,
      addresses: () => [{ host: '127.0.0.1', port: 5 }],
      adminAddress: () => null,
      stats: notAskedFor,
      metrics: notAskedFor,
      drain: notAskedFor,
      enable: notAskedFor,
    };
  }
  readyFile(path: string): ReadyFile {
    return new ReadyFile(path);
  }
  onSignal(callback: (signal: Signal) => void): () => void {
    this.#signal = callback;
    return () => {
      this.#signal = null;
    };
  }
  async stampOf(file: string): Promise<string> {
    this.watched.add(file);
    return this.stamps[file] ?? '';
  }
  every(_ms: number, callback: () => void): () => void {
    this.look = callback;
    return () => {
      this.look = () => undefined;
    };
  }
  onReopen(callback: () => void): () => void {
    this.reopen = callback;
    return () => {
      this.reopen = () => undefined;
    };
  }
  onHangup(callback: () => void): () => void {
    this.#hangup = callback;
    return () => {
      this.#hangup = null;
    };
  }

  get waits(): boolean {
    return this.#signal !== null || this.#hangup !== null;
  }
  signal(signal: Signal): void {
    this.#signal?.(signal);
  }
  hangUp(): void {
    this.#hangup?.();
  }
}

const backend = ['--backend', 'http://h:1/base'];

describe('run', () => {
  it('shows its version', async () => {
    const host = new FakeHost('--version');
    expect(await run(host)).toBe(0);
    expect(host.printed).toEqual(['reverseit 1.2.3']);
  });

  it('shows help, its headings in bold', async () => {
    const host = new FakeHost('--help', '--backend', 'nonsense');
    expect(await run(host)).toBe(0);
    expect(host.printed.join()).toMatch(/^Usage: reverseit/);
    expect(host.printed.join()).toContain('*Command*');
  });

  it.each<[args: string[], lines: string[]]>([
    [
      [],
      ['reverseit: invalid option --backend (backend): required; expected the URL of a backend'],
    ],
    [
      [...backend, '--pool-size', '0'],
      [
        'reverseit: invalid option --pool-size (pool.poolSize): 0 is not accepted; expected a whole number from 1 to 65535',
      ],
    ],
    [
      [...backend, '--add-headers', 'a b: secret', '--via', ''],
      [
        'reverseit: 2 invalid options:',
        '  --via (via): "" is not accepted; expected a pseudonym (a token) or false',
        '  --add-headers (addHeaders[0]): "a b" is not accepted; expected a header name (RFC 9110 §5.1)',
      ],
    ],
    [
      ['--backend', 'http://user:secret@a'],
      [
        expect.stringMatching(
          /^reverseit: invalid option --backend \(backend\): "http:\/\/…@a" is not accepted; /,
        ),
      ],
    ],
    [
      [...backend, '--listen', 'localhost'],
      [
        'reverseit: invalid option --listen (listen): "localhost" is not accepted; expected "HOST:PORT", "[IPV6]:PORT", ":PORT", a port, "unix:PATH" or "fd:N"',
      ],
    ],
    [
      [...backend, '--protocols', 'http3'],
      [
        'reverseit: invalid option --protocols (pool.protocols): ["http3"] is not accepted; expected "http1" or "http2", or several separated by commas, each at most once',
      ],
    ],
    [
      [...backend, '--remove-headers', 'a b'],
      [
        'reverseit: invalid option --remove-headers (removeHeaders): ["a b"] is not accepted; expected a header name other than content-length, host, transfer-encoding',
      ],
    ],
    [
      ['--bakend=x'],
      ['reverseit: invalid option --bakend: unknown option; did you mean --backend?'],
    ],
    [['--config', 'none'], ['reverseit: cannot load none']],
  ])('ends with 2 and the text of the ConfigError for %j', async (args, lines) => {
    const host = new FakeHost(...args);
    expect(await run(host)).toBe(2);
    expect(host.logged.join('\n').split('\n')).toEqual([
      ...lines,
      'reverseit --help lists all options',
    ]);
    expect(host.printed).toEqual([]);
    expect(host.made).toEqual([]);
  });

  it('names faults of a configuration file by their keys', async () => {
    const host = new FakeHost('--config', 'f');
    host.files = { f: { routes: [{ backend: 'http://h' }, { path: '/a', poolTimeot: 5 }] } };
    expect(await run(host)).toBe(2);
    expect(host.logged[0]).toMatch(
      / routes\[1\]\.poolTimeot: unknown option, given 5; did you mean/,
    );
    expect(host.logged[0]).toMatch(/ routes\[1\]\.backend: required/);
  });

  it('ends with 2 when a file holds no object of options', async () => {
    const host = new FakeHost('--config', 'f');
    host.files = { f: ['x'] };
    expect(await run(host)).toBe(2);
  });

  it('lets flags outrank the configuration file, key by key', async () => {
    const host = new FakeHost('--config', 'f', '--check', '--pool-size', '2', '--path', '/b');
    host.files = { f: { backend: 'http://h', path: '/a', pool: { poolSize: 1, poolCount: 3 } } };
    expect(await run(host)).toBe(0);
    expect(host.printed).toEqual(['The configuration is valid.']);
    expect(host.made).toEqual([
      {
        backend: 'http://h',
        path: '/b',
        pool: { poolSize: 2, poolCount: 3 },
        logger: expect.any(LineLogger),
      },
    ]);
  });

  it('leaves the logger to the configuration, if it has one', async () => {
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const host = new FakeHost('--config', 'f', '--check');
    host.files = { f: { backend: 'http://h', logger } };
    expect(await run(host)).toBe(0);
    expect(host.made[0]?.logger).toBe(logger);
  });

  it('closes what --check has made', async () => {
    const host = new FakeHost(...backend, '--check');
    expect(await run(host)).toBe(0);
    expect(host.serverCloses).toEqual([0]);
  });

  it('ends with 2 when the server refuses what the tables took', async () => {
    const host = new FakeHost(...backend, '--check');
    vi.spyOn(host, 'createServer').mockImplementation(() => {
      throw createError('RIT_ERR_CONFIG', 'the certificate cannot be used');
    });
    expect(await run(host)).toBe(2);
    expect(host.logged[0]).toBe('reverseit: the certificate cannot be used');
  });

  it('ends with 1 when it cannot listen', async () => {
    const host = new FakeHost(...backend, '--listen', '127.0.0.1:80');
    host.listen = async () => {
      throw createError('RIT_ERR_LISTEN', 'cannot listen on 127.0.0.1:80: address in use');
    };
    expect(await run(host)).toBe(1);
    expect(host.logged).toEqual(['reverseit: cannot listen on 127.0.0.1:80: address in use']);
    expect(host.printed).toEqual([]);
    expect(host.waits).toBe(false);
  });

  it.each<[args: string[], line: string]>([
    [[], 'reverseit listening on http://127.0.0.1:4000 -> http://h:1/base'],
    [['--listen', '[::1]:5'], 'reverseit listening on http://[::1]:5 -> http://h:1/base'],
    [['--listen', 'unix:/x'], 'reverseit listening on unix:/x -> http://h:1/base'],
    [
      ['--listen', '127.0.0.1:80', '--listen', 'unix:/x'],
      'reverseit listening on http://127.0.0.1:80, unix:/x -> http://h:1/base',
    ],
    [
      ['--unix-socket', '/y'],
      'reverseit listening on http://127.0.0.1:4000 -> http://h:1/base (unix:/y)',
    ],
  ])('prints one line when it listens: %j', async (args, line) => {
    const host = new FakeHost(...backend, ...args);
    const done = run(host);
    await host.listening;
    expect(host.printed).toEqual([line]);
    host.signal('SIGTERM');
    host.closed();
    expect(await done).toBe(0);
  });

  it('counts backends rather than list many', async () => {
    const host = new FakeHost('--config', 'f');
    const routes = ['a', 'b', 'c', 'd'].map((name) => ({
      backend: `http://${name}`,
      path: `/${name}`,
    }));
    host.files = { f: { routes } };
    const done = run(host);
    await host.listening;
    expect(host.printed).toEqual(['reverseit listening on http://127.0.0.1:4000 -> 4 backends']);
    host.signal('SIGTERM');
    host.closed();
    await done;
  });

  it.each<Signal>(['SIGTERM', 'SIGINT'])('drains at %s and ends with 0', async (signal) => {
    const host = new FakeHost(...backend);
    const done = run(host);
    await host.listening;
    host.signal(signal);
    expect(host.logged).toEqual([
      `reverseit: ${signal}: shutting down gracefully; repeat to force`,
    ]);
    host.closed();
    expect(await done).toBe(0);
    expect(host.waits).toBe(false);
  });

  it.each<[first: Signal, second: Signal, code: number]>([
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGINT', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
  ])('ends at once at %s and then %s', async (first, second, code) => {
    const host = new FakeHost(...backend);
    const done = run(host);
    await host.listening;
    host.signal(first);
    host.time = 31;
    host.signal(second);
    expect(await done).toBe(code);
    expect(host.waits).toBe(false);
  });

  it('takes one press of Ctrl-C that npm passes on for one', async () => {
    const host = new FakeHost(...backend);
    const done = run(host);
    await host.listening;
    host.signal('SIGINT');
    host.time = 30;
    host.signal('SIGINT');
    expect(host.waits).toBe(true);
    host.closed();
    expect(await done).toBe(0);
  });

  it('ends with 0 at a signal that comes before it listens', async () => {
    const host = new FakeHost(...backend);
    const begun = deferred();
    const listening = deferred<never>();
    host.listen = () => {
      begun.resolve();
      return listening.promise;
    };
    const done = run(host);
    await begun.promise;
    host.signal('SIGTERM');
    listening.reject(new Error('closed meanwhile'));
    host.closed();
    expect(await done).toBe(0);
    expect(host.printed).toEqual([]);
  });
});

describe('run with workers', () => {
  it('starts a cluster of what the arguments say', async () => {
    const host = new FakeHost('--config', 'f', '--workers', '3');
    host.files = { f: { backend: 'http://h', workers: 2 } };
    host.sockets = [3];
    const done = run(host);
    await host.listening;
    expect(host.printed).toEqual([
      'reverseit listening on http://127.0.0.1:5 -> http://h (3 workers)',
    ]);
    expect(host.source?.()).toEqual({ config: 'f', options: { workers: 3 }, sockets: [3] });
    // What has checked the options looks up and checks no backends beside the workers.
    expect(host.serverCloses).toEqual([0]);
    host.signal('SIGTERM');
    expect(host.closeTimeouts).toEqual([undefined]);
    host.closed();
    expect(await done).toBe(0);
    expect(host.waits).toBe(false);
  });

  it('reads the files that flags name anew for each worker', async () => {
    const host = new FakeHost(...backend, '--workers', 'auto', '--backend-tls-ca', 'ca.pem');
    const { ca, selfSigned } = testCertificates();
    let content = ca;
    host.readFile = () => {
      if (content === '') throw new Error('gone');
      return content;
    };
    const done = run(host);
    await host.listening;
    content = selfSigned.cert;
    expect(host.source?.().options).toMatchObject({ pool: { tls: { ca: selfSigned.cert } } });
    content = '';
    expect(() => host.source?.()).toThrow(expect.objectContaining({ code: 'RIT_ERR_CONFIG' }));
    host.signal('SIGTERM');
    host.closed();
    await done;
  });

  it.each([
    ['RIT_ERR_CONFIG', 2],
    ['RIT_ERR_LISTEN', 1],
    ['RIT_ERR_INTERNAL', 1],
  ] as const)('where a worker cannot start because of %s, ends with %d', async (code, exit) => {
    const host = new FakeHost(...backend, '--workers', '2');
    host.listen = async () => {
      throw createError(code, 'why');
    };
    expect(await run(host)).toBe(exit);
    expect([host.logged, host.printed, host.waits]).toEqual([['reverseit: why'], [], false]);
  });

  it('ends the workers at once at the second signal', async () => {
    const host = new FakeHost(...backend, '--workers', '2');
    const done = run(host);
    await host.listening;
    host.signal('SIGTERM');
    host.signal('SIGTERM');
    expect([await done, host.closeTimeouts]).toEqual([143, [undefined, 0]]);
  });

  it('replaces them at SIGHUP, and says how it went', async () => {
    const host = new FakeHost(...backend, '--workers', '2');
    const done = run(host);
    await host.listening;
    host.hangUp();
    await vi.waitFor(() => expect(host.logged).toHaveLength(2));
    host.restart = async () => {
      throw createError('RIT_ERR_CONFIG', 'why');
    };
    host.hangUp();
    await vi.waitFor(() => expect(host.logged).toHaveLength(4));
    expect(host.logged).toEqual([
      'reverseit: SIGHUP: restarting the workers one by one',
      'reverseit: the workers were restarted',
      'reverseit: SIGHUP: restarting the workers one by one',
      'reverseit: restart failed: why; workers that were not replaced keep running',
    ]);
    host.signal('SIGINT');
    host.closed();
    expect(await done).toBe(0);
  });

  it('reloads in its own process at SIGHUP and at a change, and says how it went', async () => {
    const host = new FakeHost('--config', 'c.json', '--watch', '--via', 'me');
    host.files = { 'c.json': { backend: 'http://a', tls: { keyFile: 'k', certFile: 'c' } } };
    const reloads: unknown[] = [];
    host.reload = ({ logger: _, ...options }) => {
      if (options.backend === 'http://c') throw createError('RIT_ERR_CONFIG', 'why');
      reloads.push(options);
    };
    host.files = { 'c.json': { backend: 'http://a' } };
    const done = run(host);
    await host.listening;
    expect([...host.watched]).toEqual(['c.json']);
    host.files = { 'c.json': { backend: 'http://b' } };
    host.hangUp();
    await vi.waitFor(() => expect(host.logged).toHaveLength(2));
    expect(reloads).toEqual([{ backend: 'http://b', via: 'me' }]);
    host.files = { 'c.json': { backend: 'http://c' } };
    host.stamps = { 'c.json': '2' };
    await vi.waitFor(() => {
      host.look();
      expect(host.logged).toHaveLength(4);
    });
    host.files = {};
    host.hangUp();
    await vi.waitFor(() => expect(host.logged).toHaveLength(6));
    expect(host.logged).toEqual([
      'reverseit: SIGHUP: reloading the configuration',
      'reverseit: the configuration was reloaded',
      'reverseit: c.json changed: reloading the configuration',
      'reverseit: reload failed: why; the current configuration stays',
      'reverseit: SIGHUP: reloading the configuration',
      'reverseit: reload failed: cannot load c.json; the current configuration stays',
    ]);
    expect(reloads).toHaveLength(1);
    host.signal('SIGTERM');
    host.closed();
    expect(await done).toBe(0);
  });

  it.each<[workers: string[], begun: string, done: string, failed: string]>([
    [
      [],
      'reloading the configuration',
      'the configuration was reloaded',
      'reload failed: why; the current configuration stays',
    ],
    [
      ['--workers', '2'],
      'restarting the workers one by one',
      'the workers were restarted',
      'restart failed: why; workers that were not replaced keep running',
    ],
  ])('says so at POST /reload, and who has asked: %j', async (workers, begun, done, failed) => {
    const host = new FakeHost(...backend, ...workers, '--admin', '127.0.0.1:1');
    const running = run(host);
    await host.listening;
    const onReload = host.onReload ?? host.made[0]?.admin?.onReload;
    await onReload?.('127.0.0.1');
    const why = createError('RIT_ERR_CONFIG', 'why');
    host.reload = () => {
      throw why;
    };
    host.restart = () => Promise.reject(why);
    await expect(onReload?.('a Unix socket')).rejects.toBe(why);
    expect(host.logged.splice(0)).toEqual([
      `reverseit: POST /reload from 127.0.0.1: ${begun}`,
      `reverseit: ${done}`,
      `reverseit: POST /reload from a Unix socket: ${begun}`,
      `reverseit: ${failed}`,
    ]);
    host.signal('SIGTERM');
    await expect(onReload?.('::1')).rejects.toMatchObject({ code: 'RIT_ERR_SHUTDOWN' });
    host.closed();
    expect(await running).toBe(0);
  });

  it('with --watch, workers or not, follows files that a reload names', async () => {
    const host = new FakeHost('--config', 'c.json', '--watch', '--workers', '2');
    host.files = { 'c.json': { backend: 'http://a' } };
    const done = run(host);
    await host.listening;
    const pool = { tls: { caFile: 'ca.pem' } };
    host.files = { 'c.json': { backend: 'http://a', pool } };
    host.hangUp();
    await vi.waitFor(() => expect(host.logged).toHaveLength(2));
    expect([...host.watched]).toEqual(['c.json', 'ca.pem']);
    host.signal('SIGTERM');
    host.closed();
    await done;
  });

  it('watches nothing without --watch', async () => {
    const host = new FakeHost('--config', 'c.json');
    host.files = { 'c.json': { backend: 'http://a' } };
    const done = run(host);
    await host.listening;
    expect([...host.watched]).toEqual([]);
    host.signal('SIGTERM');
    host.closed();
    await done;
  });
});

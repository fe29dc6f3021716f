import { deferred, turn } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../options/proxy-options.ts';
import type { ServedProxy } from '../server/create-server.ts';
import type { FromWorker } from './messages.ts';
import { ServingWorker, type WorkerHost } from './serving-worker.ts';

const notAskedFor = (): never => {
  throw new Error('not asked for');
};

/** A process in which nothing happens but what a test makes happen. */
class FakeHost implements WorkerHost {
  readonly id = 3;
  readonly sent: FromWorker[] = [];
  readonly logged: string[] = [];
  readonly made: ReverseItOptions[] = [];
  readonly closes: unknown[] = [];
  readonly config = deferred<unknown>();
  readonly closed = deferred();
  exits = 0;
  reopened = 0;

  isConnected = true;

  send(message: FromWorker, lost?: () => void): void {
    if (this.isConnected) this.sent.push(message);
    else lost?.();
  }
  log(line: string): void {
    this.logged.push(line);
  }
  now(): number {
    return 0;
  }
  loadConfig(): Promise<unknown> {
    return this.config.promise;
  }
  createServer(options: ReverseItOptions): ServedProxy {
    this.made.push(options);
    return {
      listenAt: async () => [{ host: '::', port: 1 }],
      close: (how) => {
        this.closes.push(how);
        return this.closed.promise;
      },
      addresses: () => [],
      adminAddress: () => null,
      stats: notAskedFor,
      metrics: notAskedFor,
      drain: notAskedFor,
      enable: notAskedFor,
      reload: notAskedFor,
      reopenLogs: async () => {
        this.reopened += 1;
      },
    };
  }
  exit(): void {
    this.exits += 1;
  }
}

const backend = 'http://h';

/** A worker that has read this configuration. */
async function started(config: unknown): Promise<{ host: FakeHost; worker: ServingWorker }> {
  const host = new FakeHost();
  const worker = new ServingWorker(host);
  worker.onMessage({ kind: 'start', source: { config: 'f', options: { workers: 4 } } });
  host.config.resolve(config);
  await turn();
  return { host, worker };
}

describe('ServingWorker', () => {
  it('reads its configuration, tells what the primary has to know, and listens when told', async () => {
    const { host, worker } = await started({ backend, workers: 2, closeTimeout: 0 });
    worker.onMessage({ kind: 'listen', where: [{ port: 1 }] });
    await turn();
    expect(host.sent).toEqual([
      {
        kind: 'ready',
        facts: {
          listen: [{ host: '127.0.0.1', port: 4000 }],
          workers: 4,
          admin: null,
          closeTimeout: Number.POSITIVE_INFINITY,
          shutdownDelay: 0,
        },
      },
      { kind: 'listening', addresses: [{ host: '::', port: 1 }] },
    ]);
  });

  it('logs under its number, unless the configuration brings a logger', async () => {
    const { host } = await started({ backend });
    host.made[0]?.logger?.warn({}, 'it broke');
    expect(host.logged).toEqual(['reverseit: worker 3: warning: it broke']);
    const { host: other } = await started({ backend, logger: null });
    expect(other.made[0]?.logger).toBeNull();
  });

  it('says what is wrong with its configuration', async () => {
    const { host } = await started({});
    expect(host.sent).toEqual([
      {
        kind: 'failed',
        code: 'RIT_ERR_CONFIG',
        message: 'invalid option backend: required; expected the URL of a backend',
      },
    ]);
  });

  it('ends at once where there is nothing to close, and says no more', async () => {
    const host = new FakeHost();
    const worker = new ServingWorker(host);
    worker.onMessage({ kind: 'start', source: { config: 'f', options: {} } });
    worker.close();
    expect(host.exits).toBe(1);
    host.config.resolve({});
    await turn();
    expect(host.sent).toEqual([]);
  });

  it('closes, and ends when it has; only the primary can hurry it', async () => {
    const { host, worker } = await started({ backend });
    worker.onMessage({ kind: 'close', timeout: 500 });
    worker.close();
    worker.onMessage({ kind: 'close', timeout: 5 });
    expect([host.closes, host.exits]).toEqual([
      [
        { timeout: 500, delay: 0 },
        { timeout: 5, delay: 0 },
      ],
      0,
    ]);
    host.closed.resolve();
    await turn();
    expect(host.sent.at(-1)).toEqual({ kind: 'closed', metrics: null });
  });

  it('ends once the primary knows that it has closed, and hands nothing over', async () => {
    const { host, worker } = await started({ backend });
    worker.close();
    host.closed.resolve();
    await turn();
    expect(host.exits).toBe(0);
    worker.onMessage({ kind: 'leave' });
    expect(host.exits).toBe(1);
  });

  it('ends once it has closed where the primary has gone', async () => {
    const { host, worker } = await started({ backend });
    host.isConnected = false;
    worker.close({ delay: 0 });
    host.closed.resolve();
    await turn();
    expect(host.exits).toBe(1);
  });

  it('closes in its own time at a signal', async () => {
    const { host, worker } = await started({ backend });
    worker.close();
    expect(host.closes).toEqual([{}]);
  });
});

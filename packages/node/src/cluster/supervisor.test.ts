import type { ListenTarget } from '@reverseit/core';
import { FakeClock } from '@reverseit/test-servers/fake-clock';
import { describe, expect, it } from 'vitest';
import type { Address } from '../server/address.ts';
import type { ToWorker, WorkerFacts } from './messages.ts';
import { Supervisor } from './supervisor.ts';
import type { Forked, ForkListener } from './worker-process.ts';

/** A process in which nothing happens but what a test makes happen. */
class FakeFork implements Forked {
  readonly id: number;
  readonly pid: number;
  readonly heard: ToWorker[] = [];
  readonly #listener: ForkListener;

  constructor(id: number, listener: ForkListener) {
    this.id = id;
    this.pid = 100 + id;
    this.#listener = listener;
  }

  send(message: ToWorker): void {
    this.heard.push(message);
  }
  kill(): void {
    this.end('was killed by SIGKILL');
  }

  last(): string | undefined {
    return this.heard.at(-1)?.kind;
  }
  hello(): void {
    this.#listener.onMessage({ kind: 'hello' });
  }
  ready(facts: Partial<WorkerFacts> = {}): void {
    const times = { closeTimeout: 1000, shutdownDelay: 0 };
    const usual = { listen: [{ port: 0 }], workers: 2, admin: null, ...times };
    this.#listener.onMessage({ kind: 'ready', facts: { ...usual, ...facts } });
  }
  listening(...addresses: Address[]): void {
    const usual = [{ host: '::', port: 7 }];
    const all = addresses.length === 0 ? usual : addresses;
    this.#listener.onMessage({ kind: 'listening', addresses: all });
  }
  refuse(message: string): void {
    this.#listener.onMessage({ kind: 'failed', code: 'RIT_ERR_CONFIG', message });
  }
  closed(): void {
    this.#listener.onMessage({ kind: 'closed', metrics: null });
  }
  answer(question: number): void {
    this.#listener.onMessage({ kind: 'answer', question, answer: null });
  }
  end(how = 'exited with code 1'): void {
    this.#listener.onEnd(how, how === 'exited with code 0');
  }
}

class Rig {
  readonly forks: FakeFork[] = [];
  readonly log: string[] = [];
  readonly clock = new FakeClock();
  sourceError: Error | null = null;
  version = 'a';
  readonly cleared: string[] = [];
  readonly supervisor = new Supervisor({
    removeStaleSocket: async (path) => this.cleared.push(path),
    fork: (listener) => {
      const fork = new FakeFork(this.forks.length + 1, listener);
      this.forks.push(fork);
      return fork;
    },
    source: async () => {
      if (this.sourceError !== null) throw this.sourceError;
      return { config: null, options: {} };
    },
    versionOf: () => this.version,
    logger: {
      debug: () => {},
      info: () => {},
      warn: (_, message) => this.log.push(message),
      error: (_, message) => this.log.push(message),
    },
    clock: this.clock,
  });

  fork(id: number): FakeFork {
    const fork = this.forks[id - 1];
    if (fork === undefined) throw new Error(`no worker ${id}`);
    return fork;
  }

  /** Brings a worker to where it listens. */
  async bring(id: number, facts?: Partial<WorkerFacts>, ...addresses: Address[]): Promise<void> {
    await settled();
    const fork = this.fork(id);
    fork.hello();
    fork.ready(facts);
    await settled();
    expect(fork.last()).toBe('listen');
    fork.listening(...addresses);
    await settled();
  }

  async states(): Promise<string[]> {
    await settled();
    const asked = this.supervisor.stats();
    for (const fork of this.forks) {
      const last = fork.heard.at(-1);
      if (last?.kind === 'stats') fork.answer(last.question);
    }
    return (await asked).workers.map(({ id, state }) => `${id} ${state}`);
  }

  whereOf(id: number): readonly ListenTarget[] | undefined {
    const message = this.fork(id).heard.find(({ kind }) => kind === 'listen');
    return message?.kind === 'listen' ? message.where : undefined;
  }
}

/** Lets all that is settled have its effect. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Two workers that listen. */
async function running(): Promise<Rig> {
  const rig = new Rig();
  const listening = rig.supervisor.listen();
  await rig.bring(1);
  await rig.bring(2);
  expect(await listening).toEqual({ host: '::', port: 7 });
  return rig;
}

describe('listen', () => {
  it('has a Unix socket removed that was left behind, before anybody asks for its path', async () => {
    const rig = new Rig();
    const listening = rig.supervisor.listen();
    const facts = { listen: [{ path: '/a' }] };
    await rig.bring(1, facts, { path: '/a' });
    // From now on somebody listens there.
    await rig.bring(2, facts, { path: '/a' });
    await listening;
    expect(rig.cleared).toEqual(['/a']);
  });

  it('starts one worker, and the others once that one listens', async () => {
    const rig = new Rig();
    const listening = rig.supervisor.listen();
    await settled();
    rig.fork(1).hello();
    rig.fork(1).ready({ workers: 3 });
    await settled();
    expect([rig.forks.length, rig.fork(1).last()]).toEqual([1, 'listen']);
    rig.fork(1).listening();
    await settled();
    expect(rig.forks).toHaveLength(3);
    // Those ask for the address one after another.
    for (const id of [2, 3]) {
      rig.fork(id).hello();
      rig.fork(id).ready({ workers: 3 });
    }
    await settled();
    expect([rig.fork(2).last(), rig.fork(3).last()]).toEqual(['listen', 'start']);
    rig.fork(2).listening();
    await settled();
    expect(rig.fork(3).last()).toBe('listen');
    rig.fork(3).listening();
    await listening;
    expect(await rig.states()).toEqual(['1 listening', '2 listening', '3 listening']);
  });

  it.each<[name: string, go: (rig: Rig) => void, error: object]>([
    [
      'says no',
      (rig) => rig.fork(1).refuse('no backend'),
      { code: 'RIT_ERR_CONFIG', message: 'no backend' },
    ],
    [
      'ends',
      (rig) => rig.fork(1).end('exited with code 9'),
      { message: 'the worker exited with code 9 before it was listening' },
    ],
    [
      'does not come to listen',
      (rig) => rig.clock.advance(60_000),
      { message: 'the worker was not listening within 60000 ms' },
    ],
    [
      'is closed meanwhile',
      (rig) => void rig.supervisor.close(),
      { code: 'RIT_ERR_SHUTDOWN', message: 'the cluster was closed' },
    ],
  ])('fails, and leaves nothing, where a worker %s', async (_, go, error) => {
    const rig = new Rig();
    const listening = rig.supervisor.listen();
    await settled();
    go(rig);
    await expect(listening).rejects.toMatchObject(error);
    expect([await rig.states(), rig.clock.timers.size, rig.forks.length]).toEqual([[], 0, 1]);
    expect(rig.supervisor.address()).toBeNull();
    await expect(rig.supervisor.listen()).rejects.toMatchObject({ code: 'RIT_ERR_LISTEN' });
  });

  it('ends the workers that listen where another one does not come to', async () => {
    const rig = new Rig();
    const listening = rig.supervisor.listen();
    await rig.bring(1);
    rig.fork(2).end();
    await expect(listening).rejects.toThrow('exited with code 1 before it was listening');
    expect(await rig.states()).toEqual([]);
  });

  it('fails where what workers are made of cannot be told', async () => {
    const rig = new Rig();
    rig.sourceError = new Error('no such file');
    await expect(rig.supervisor.listen()).rejects.toThrow('no such file');
    expect(rig.forks).toEqual([]);
  });
});

describe('a worker that ends', () => {
  it('is replaced at once, and ever later if it ends again', async () => {
    const rig = await running();
    rig.fork(2).end('was killed by SIGSEGV');
    expect(await rig.states()).toEqual(['1 listening', '3 starting']);
    await rig.bring(3);
    rig.fork(3).end();
    expect(await rig.states()).toEqual(['1 listening']);
    rig.clock.advance(100);
    rig.fork(4).end();
    await settled();
    rig.clock.advance(199);
    expect(rig.forks).toHaveLength(4);
    rig.clock.advance(1);
    await rig.bring(5);
    rig.clock.advance(30_000);
    rig.fork(5).end();
    expect(await rig.states()).toEqual(['1 listening', '6 starting']);
    expect(rig.log).toEqual([
      'worker 2 (pid 102) was killed by SIGSEGV; a new one starts',
      'worker 3 (pid 103) exited with code 1; a new one starts in 100 ms',
      'a worker cannot start: the worker exited with code 1 before it was listening; a new one starts in 200 ms',
      'worker 5 (pid 105) exited with code 1; a new one starts',
    ]);
    const asked = rig.supervisor.stats({ timeout: 0 });
    rig.clock.advance(1);
    expect((await asked).replaced).toBe(3);
  });

  it('and its successor share the port that 0 stood for, also when no other worker is left', async () => {
    const rig = await running();
    rig.fork(1).end();
    await rig.bring(3);
    rig.fork(2).end();
    rig.fork(3).end();
    await rig.bring(4);
    rig.clock.advance(100);
    await rig.bring(5);
    expect([1, 2, 3, 4, 5].map((id) => rig.whereOf(id))).toEqual([
      ...Array(3).fill([{ port: 0 }]),
      ...Array(2).fill([{ port: 7 }]),
    ]);
  });

  it('and its successor share the ports of several listeners', async () => {
    const rig = new Rig();
    const listening = rig.supervisor.listen();
    const facts = { workers: 1, listen: [{ port: 0 }, { path: '/a' }, { port: 0, host: '::1' }] };
    const addresses = [{ host: '::', port: 7 }, { path: '/a' }, { host: '::1', port: 8 }];
    await rig.bring(1, facts, ...addresses);
    expect([await listening, rig.supervisor.address()]).toEqual([addresses[0], addresses[0]]);
    expect(rig.supervisor.addresses()).toEqual(addresses);
    rig.fork(1).end();
    await rig.bring(2, facts, ...addresses);
    expect([rig.whereOf(1), rig.whereOf(2)]).toEqual([
      facts.listen,
      [{ port: 7 }, { path: '/a' }, { port: 8, host: '::1' }],
    ]);
    expect(rig.cleared).toEqual(['/a', '/a']);
    const other = { workers: 1, listen: [{ port: 0, host: '::1' }] };
    const restarting = rig.supervisor.restart();
    await rig.bring(3, other, { host: '::1', port: 9 });
    rig.fork(2).end('exited with code 0');
    await restarting;
    expect(rig.supervisor.addresses()).toEqual([{ host: '::1', port: 9 }]);
    const closing = rig.supervisor.close();
    expect(rig.supervisor.addresses()).toEqual([]);
    rig.fork(3).end('exited with code 0');
    await closing;
  });

  it('is replaced once more where the port has changed unseen', async () => {
    const rig = await running();
    rig.fork(2).end();
    await rig.bring(3, {}, { host: '::', port: 8 });
    expect(rig.fork(3).last()).toBe('close');
    rig.fork(3).end('exited with code 0');
    rig.clock.advance(100);
    await rig.bring(4);
    expect([await rig.states(), rig.supervisor.address()]).toEqual([
      ['1 listening', '4 listening'],
      { host: '::', port: 7 },
    ]);
  });
});

describe('versions', () => {
  it('a worker that is replaced is made of what the others are made of', async () => {
    const rig = await running();
    rig.sourceError = new Error('no such file');
    rig.fork(2).end();
    await rig.bring(3);
    expect(await rig.states()).toEqual(['1 listening', '3 listening']);
  });

  it('where it would read another version, all are made anew', async () => {
    const rig = await running();
    rig.version = 'b';
    rig.fork(2).end();
    await rig.bring(3);
    await rig.bring(4);
    expect(await rig.states()).toEqual(['1 closing', '3 listening', '4 listening']);
  });

  it('where that one is bad, the others stay as they are', async () => {
    const rig = await running();
    rig.version = 'b';
    rig.fork(2).end();
    await settled();
    rig.fork(3).refuse('no backend');
    expect(await rig.states()).toEqual(['1 listening']);
    rig.version = 'a';
    rig.clock.advance(100);
    await rig.bring(4);
    expect(await rig.states()).toEqual(['1 listening', '4 listening']);
  });
});

describe('restart', () => {
  it('lets each new worker listen before the one that it replaces closes', async () => {
    const rig = await running();
    const restarting = rig.supervisor.restart();
    await settled();
    expect(await rig.states()).toEqual(['1 listening', '2 listening', '3 starting']);
    await rig.bring(3);
    expect(await rig.states()).toEqual(['1 closing', '2 listening', '3 listening', '4 starting']);
    rig.fork(1).end('exited with code 0');
    await rig.bring(4);
    expect(rig.fork(2).heard.at(-1)).toEqual({ kind: 'close', timeout: 1000 });
    rig.fork(2).end('exited with code 0');
    await restarting;
    expect([await rig.states(), rig.log]).toEqual([['3 listening', '4 listening'], []]);
  });

  it('leaves those that serve where a new one cannot start', async () => {
    const rig = await running();
    const restarting = rig.supervisor.restart();
    await settled();
    rig.fork(3).refuse('no backend');
    await expect(restarting).rejects.toMatchObject({ message: 'no backend' });
    expect(await rig.states()).toEqual(['1 listening', '2 listening']);
  });

  it('tries again, with pauses, what a later worker has not done: all get to be of one version', async () => {
    const rig = await running();
    const restarting = rig.supervisor.restart();
    await rig.bring(3);
    rig.fork(1).end('exited with code 0');
    await settled();
    rig.fork(4).end('could not be started: EAGAIN');
    await expect(restarting).rejects.toThrow(/EAGAIN/);
    // At once, then after a while; the former one serves.
    rig.fork(5).end('could not be started: EAGAIN');
    expect(await rig.states()).toEqual(['2 listening', '3 listening']);
    expect(rig.log).toEqual([
      'a worker cannot start: the worker could not be started: EAGAIN before it was listening; a new one starts in 100 ms',
    ]);
    rig.clock.advance(100);
    await rig.bring(6);
    expect(await rig.states()).toEqual(['2 closing', '3 listening', '6 listening']);
    rig.fork(2).end('exited with code 0');
    expect(await rig.states()).toEqual(['3 listening', '6 listening']);
    rig.clock.advance(10_000);
    expect(rig.forks).toHaveLength(6);
  });

  it('replaces the others although one cannot start, and those that are too many', async () => {
    const rig = new Rig();
    const listening = rig.supervisor.listen();
    await rig.bring(1, { workers: 4 });
    for (const id of [2, 3, 4]) await rig.bring(id);
    await listening;
    const failed = expect(rig.supervisor.restart()).rejects.toThrow('was killed by SIGKILL');
    await rig.bring(5, { workers: 3 });
    rig.fork(6).end('was killed by SIGKILL');
    await rig.bring(8);
    await failed;
    await rig.bring(7);
    for (const id of [1, 2, 3, 4]) rig.fork(id).end('exited with code 0');
    expect(await rig.states()).toEqual(['5 listening', '7 listening', '8 listening']);
  });

  it('takes the place of one that ends meanwhile', async () => {
    const rig = await running();
    const restarting = rig.supervisor.restart();
    await settled();
    rig.fork(1).end();
    await settled();
    expect(rig.forks).toHaveLength(3);
    rig.fork(3).refuse('no backend');
    await expect(restarting).rejects.toThrow('no backend');
    // Nothing is on its way to that place any more.
    await rig.bring(4);
    expect(await rig.states()).toEqual(['2 listening', '4 listening']);
  });

  it('takes the place of one that is about to be replaced', async () => {
    const rig = await running();
    rig.fork(1).end();
    await settled();
    const restarting = rig.supervisor.restart();
    await settled();
    expect(rig.fork(3).heard).toEqual([]);
    // The one on its way may have read what was there before.
    expect(await rig.states()).toEqual(['2 listening', '4 starting']);
    await rig.bring(4);
    await rig.bring(5);
    rig.fork(2).end();
    await restarting;
    expect(await rig.states()).toEqual(['4 listening', '5 listening']);
  });

  it.each([
    [1, ['3 listening']],
    [3, ['3 listening', '4 listening', '5 listening']],
  ])('follows the number of workers: now %d', async (workers, states) => {
    const rig = await running();
    const restarting = rig.supervisor.restart();
    await settled();
    for (let nth = 0; nth < workers; nth++) await rig.bring(3 + nth, { workers });
    for (const id of [1, 2]) {
      expect(rig.fork(id).last()).toBe('close');
      rig.fork(id).end('exited with code 0');
    }
    await restarting;
    expect(await rig.states()).toEqual(states);
    expect(rig.log).toEqual([]);
  });

  it('is done once more for all that ask while it is under way', async () => {
    const rig = await running();
    const first = rig.supervisor.restart();
    const second = rig.supervisor.restart();
    expect(rig.supervisor.restart()).toBe(second);
    await settled();
    rig.fork(3).refuse('once');
    await expect(first).rejects.toThrow('once');
    await rig.bring(4);
    await rig.bring(5);
    for (const id of [1, 2]) rig.fork(id).end('exited with code 0');
    await second;
    expect(await rig.states()).toEqual(['4 listening', '5 listening']);
  });

  it('waits for the start, and not for those that are still closing', async () => {
    const rig = new Rig();
    const listening = rig.supervisor.listen();
    await rig.bring(1, { workers: 1 });
    const first = rig.supervisor.restart();
    await listening;
    await rig.bring(2, { workers: 1 });
    const second = rig.supervisor.restart();
    await rig.bring(3, { workers: 1 });
    expect(await rig.states()).toEqual(['1 closing', '2 closing', '3 listening']);
    rig.fork(1).end('exited with code 0');
    await first;
    rig.fork(2).end('exited with code 0');
    await second;
  });

  it('is nothing for a cluster that does not listen', async () => {
    const rig = new Rig();
    await expect(rig.supervisor.restart()).rejects.toMatchObject({ code: 'RIT_ERR_SHUTDOWN' });
    await rig.supervisor.close();
  });
});

describe('close', () => {
  it('lets every worker close, and ends what does not', async () => {
    const rig = await running();
    const closed = rig.supervisor.close({ timeout: 500 });
    expect(rig.forks.map(({ heard }) => heard.at(-1))).toEqual([
      { kind: 'close', timeout: 500 },
      { kind: 'close', timeout: 500 },
    ]);
    rig.fork(1).end('exited with code 0');
    rig.clock.advance(2_500);
    await closed;
    expect(rig.log).toEqual(['worker 2 (pid 102) did not close in time and was killed']);
    expect([rig.clock.timers.size, rig.supervisor.address()]).toEqual([0, null]);
  });

  it('lets a worker end that has closed', async () => {
    const rig = await running();
    rig.fork(1).closed();
    expect(rig.forks.map((fork) => fork.last())).toEqual(['leave', 'listen']);
  });

  it('announces it before a delay, which another call ends', async () => {
    const rig = await running();
    const first = rig.supervisor.close({ delay: 600_000, timeout: 500 });
    const soon = { kind: 'close-soon', delay: 602_000 };
    expect(rig.forks.map(({ heard }) => heard.at(-1))).toEqual([soon, soon]);
    await rig.supervisor.close({ timeout: 0 });
    await first;
    expect(await rig.states()).toEqual([]);
  });

  describe('during its delay', () => {
    const delay = 600_000;
    const soon = { kind: 'close-soon', delay: delay + 2000 };

    it('a worker that dies is replaced: the cluster serves on', async () => {
      const rig = await running();
      const closed = rig.supervisor.close({ delay, timeout: 500 });
      rig.fork(1).end('was killed by SIGSEGV');
      await rig.bring(3);
      expect(rig.fork(3).heard.at(-1)).toEqual(soon);
      expect(await rig.states()).toEqual(['2 listening', '3 listening']);
      expect(rig.log).toEqual(['worker 1 (pid 101) was killed by SIGSEGV; a new one starts']);
      // Nobody is told that it is open, and nothing restarts it.
      expect(rig.supervisor.address()).toBe(null);
      await expect(rig.supervisor.restart()).rejects.toMatchObject({ code: 'RIT_ERR_SHUTDOWN' });
      const now = rig.supervisor.close({ delay: 0, timeout: 500 });
      await settled();
      for (const id of [2, 3]) {
        expect(rig.fork(id).heard.at(-1)).toEqual({ kind: 'close', timeout: 500 });
        rig.fork(id).end('exited with code 0');
      }
      await Promise.all([closed, now]);
      expect([rig.clock.timers.size, rig.forks.length]).toEqual([0, 3]);
    });

    it('also by what it was, where another version is there', async () => {
      const rig = await running();
      rig.version = 'b';
      const closed = rig.supervisor.close({ delay });
      rig.fork(1).end();
      await rig.bring(3);
      expect(await rig.states()).toEqual(['2 listening', '3 listening']);
      await rig.supervisor.close({ timeout: 0 });
      await closed;
    });

    it('one that ends in good order is not: it was told to, as the cluster was', async () => {
      const rig = await running();
      const closed = rig.supervisor.close({ delay });
      rig.fork(1).end('exited with code 0');
      expect([await rig.states(), rig.forks.length, rig.log]).toEqual([['2 listening'], 2, []]);
      await rig.supervisor.close({ timeout: 0 });
      await closed;
    });

    it.each([
      ['the first', 0],
      ['a later', 1],
    ])('a restart ends, at %s worker; who would be replaced stays', async (_, started) => {
      const rig = await running();
      const ended = expect(rig.supervisor.restart()).rejects.toMatchObject({
        code: 'RIT_ERR_SHUTDOWN',
      });
      await settled();
      if (started > 0) await rig.bring(3);
      const coming = 3 + started;
      const closed = rig.supervisor.close({ delay });
      await ended;
      const left = started === 0 ? ['1 listening', '2 listening'] : ['2 listening', '3 listening'];
      expect((await rig.states()).filter((one) => one.endsWith('listening'))).toEqual(left);
      expect([rig.forks.length, rig.log]).toEqual([coming, []]);
      await rig.supervisor.close({ timeout: 0 });
      await closed;
    });

    it('replacements that die come ever later, and none after it', async () => {
      const rig = await running();
      const closed = rig.supervisor.close({ delay });
      rig.fork(1).end();
      await settled();
      rig.fork(3).end();
      await settled();
      await rig.supervisor.close({ timeout: 0 });
      await closed;
      rig.clock.advance(10_000);
      expect([rig.forks.length, rig.clock.timers.size]).toEqual([3, 0]);
    });
  });

  it('ends them at once without time, also when they close already', async () => {
    const rig = await running();
    const first = rig.supervisor.close();
    await rig.supervisor.close({ timeout: 0 });
    await first;
    expect([await rig.states(), rig.log]).toEqual([[], []]);
  });

  it('ends a restart', async () => {
    const rig = await running();
    const restarting = rig.supervisor.restart();
    await settled();
    const closed = rig.supervisor.close();
    for (const id of [1, 2]) rig.fork(id).end('exited with code 0');
    await expect(restarting).rejects.toMatchObject({ code: 'RIT_ERR_SHUTDOWN' });
    await closed;
    expect([await rig.states(), rig.forks.length]).toEqual([[], 3]);
  });

  it('ends the wait for a replacement', async () => {
    const rig = await running();
    rig.fork(1).end();
    await settled();
    rig.fork(3).end();
    await settled();
    const closed = rig.supervisor.close();
    rig.fork(2).end('exited with code 0');
    await closed;
    rig.clock.advance(10_000);
    expect([rig.forks.length, rig.clock.timers.size]).toEqual([3, 0]);
  });
});

describe('stats', () => {
  it('waits a second at most, and not for a worker that ends', async () => {
    const rig = await running();
    const asked = rig.supervisor.stats();
    rig.fork(1).end();
    rig.clock.advance(1_000);
    expect((await asked).workers).toEqual([
      { id: 1, pid: 101, state: 'listening', stats: null },
      { id: 2, pid: 102, state: 'listening', stats: null },
    ]);
  });
});

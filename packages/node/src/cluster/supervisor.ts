/**
 * The primary of a cluster: starts workers, replaces those that end, restarts them one after another,
 * and ends them. It touches no process by itself and holds no traffic.
 */

import type { AdminTarget, ProxyStats } from '@reverseit/admin';
import { type Clock, Deadlines } from '@reverseit/core/deadlines';
import { createError } from '@reverseit/core/errors';
import { checkCloseDelay, checkCloseTimeout } from '@reverseit/core/options';
import { Grace, type ShutdownOptions } from '../lifecycle/grace.ts';
import { GuardedLogger } from '../logging/guarded-logger.ts';
import type { Logger } from '../logging/logger.ts';
import type { OnReload } from '../options/admin-options.ts';
import type { Address } from '../server/address.ts';
import type { AdminAccess, OpenAdmin } from '../server/open-admin.ts';
import { ClusterMetrics } from './cluster-metrics.ts';
import type { ClusterStats, ReverseItCluster } from './cluster-types.ts';
import { ListeningPlaces } from './listening-places.ts';
import type { WorkerFacts, WorkerSource } from './messages.ts';
import { type Fork, WorkerProcess } from './worker-process.ts';
import { WorkerSlot } from './worker-slot.ts';

/** What a supervisor works with. */
export interface SupervisorSetup {
  readonly fork: Fork;
  /**
   * Reads and checks what workers are made of: once for a start or a restart, so that all of them are of one version.
   * What it throws is as if the first worker had failed to start.
   */
  source(): Promise<WorkerSource>;
  /** Tells versions of what a worker reads by itself apart. */
  versionOf(source: WorkerSource): string;
  readonly logger: Logger | null;
  /**
   * Removes a Unix socket that nobody listens on. Workers would do it themselves; but the primary of Node
   * before 22.23 keeps a failed address for whoever asks for it again.
   */
  removeStaleSocket(path: string): Promise<unknown>;
  /** Resolves once everybody who has connected by now is with a worker. */
  delivered?(): Promise<void>;
  /** Opens the admin listener of the cluster. */
  openAdmin?(access: AdminAccess, target: AdminTarget): Promise<OpenAdmin>;
  /** What `POST /reload` does. Default: it restarts the workers. */
  readonly onReload?: OnReload;
  /** Its timers keep the process alive: while no worker is left, nothing else does. */
  readonly clock?: Clock;
}

const holdingClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

const defaultStatsMs = 1_000;

export class Supervisor implements ReverseItCluster {
  readonly #setup: SupervisorSetup;
  readonly #logger: Logger | null;
  readonly #deadlines: Deadlines;
  /** One for each worker that is wanted. */
  readonly #slots: WorkerSlot[] = [];
  /** Every process, also those that are being replaced. */
  readonly #processes = new Set<WorkerProcess>();
  /** Where each listener listens. */
  readonly #places = new ListeningPlaces();
  /** What the present workers are made of; null until the first of them listens. */
  #source: WorkerSource | null = null;
  #version = '';
  #turn: Promise<unknown> = Promise.resolve();
  #started = false;
  /** `close` was called. During its delay workers serve on, and those that die are replaced. */
  #ending = false;
  /** The delay is over: no worker starts any more. */
  #closing = false;
  #shutdownDelay = 0;
  /** From the first call of `close`, where there is a delay. */
  #grace: Grace | null = null;
  /** The delay that workers were told of; those that start during it will be. */
  #announced = 0;
  /** The start, or a restart until all new workers listen. */
  #underWay: Promise<void> | null = null;
  #nextRestart: Promise<void> | null = null;
  #replaced = 0;
  readonly #metrics = new ClusterMetrics();
  /** Backends that are to get no new requests, whichever worker comes. */
  readonly #drained = new Set<string>();
  #admin: OpenAdmin | null = null;

  constructor(setup: SupervisorSetup) {
    this.#setup = setup;
    this.#logger = setup.logger === null ? null : new GuardedLogger(setup.logger);
    this.#deadlines = new Deadlines(setup.clock ?? holdingClock);
  }

  async listen(): Promise<Address> {
    if (this.#started) throw createError('RIT_ERR_LISTEN', 'listen() was already called');
    this.#started = true;
    try {
      await this.#inSequence(() => this.#startAll());
    } catch (error) {
      await this.close({ timeout: 0 });
      throw error;
    }
    return this.address() as Address;
  }

  async #startAll(): Promise<void> {
    const { source, version } = await this.#read();
    // The first worker validates the configuration and reports how many to run.
    const { workers, admin, shutdownDelay } = await this.#launch(this.#slot(0), source);
    this.#source = source;
    this.#shutdownDelay = shutdownDelay;
    this.#version = version;
    if (this.#ending) throw closed();
    const others = Array.from({ length: workers - 1 }, (_, nth) => this.#slot(nth + 1));
    await Promise.all(others.map((slot) => this.#launch(slot, source)));
    if (this.#ending) throw closed();
    if (admin !== null) {
      this.#metrics.start();
      this.#admin = (await this.#setup.openAdmin?.(admin, this.#adminTarget())) ?? null;
    }
  }

  async #read(): Promise<Version> {
    if (this.#ending) throw closed();
    const source = await this.#setup.source();
    return { source, version: this.#setup.versionOf(source) };
  }

  address(): Address | null {
    return this.addresses()[0] ?? null;
  }

  addresses(): readonly Address[] {
    return this.#ending ? [] : this.#places.addresses;
  }

  restart(): Promise<void> {
    if (!this.#started || this.#ending) {
      return Promise.reject(createError('RIT_ERR_SHUTDOWN', 'the cluster is not listening'));
    }
    if (this.#underWay === null) return this.#restart();
    // What has changed since that one began would be missed by it; one more is enough.
    this.#nextRestart ??= this.#underWay
      .catch(() => undefined)
      .then(() => {
        this.#nextRestart = null;
        return this.#restart();
      });
    return this.#nextRestart;
  }

  async #restart(): Promise<void> {
    const old = [...this.#processes];
    await this.#inSequence(() => this.#replaceAll());
    await Promise.all(old.map(({ ended }) => ended));
  }

  /** A start or a restart, of which there is one at a time. */
  async #inSequence(task: () => Promise<void>): Promise<void> {
    this.#underWay = task();
    try {
      await this.#underWay;
    } finally {
      this.#underWay = null;
    }
  }

  async #replaceAll(): Promise<void> {
    const { source, version } = await this.#read();
    const { workers, admin, shutdownDelay } = await this.#replaceFirst(source);
    this.#shutdownDelay = shutdownDelay;
    this.#source = source;
    this.#version = version;
    if (admin !== null) this.#admin?.update(admin);
    await this.#replaceOthers(workers, source);
  }

  /** Where it cannot start, nothing has changed. */
  async #replaceFirst(source: WorkerSource): Promise<WorkerFacts> {
    const slot = this.#slot(0);
    slot.deadline.clear();
    try {
      return await this.#launch(slot, source);
    } catch (error) {
      // The worker that was to be replaced may have ended meanwhile.
      if (slot.isEmpty) this.#replaceLater(slot, 0);
      throw this.#ending ? closed() : error;
    }
  }

  /**
   * What the first worker was made of is right: that another one does not start lies elsewhere, and it is tried again
   * until all are of one version. The one that it is to replace serves until then.
   */
  async #replaceOthers(wanted: number, source: WorkerSource): Promise<void> {
    let failure: unknown = null;
    for (let nth = 1; nth < wanted && !this.#ending; nth++) {
      const slot = this.#slot(nth);
      slot.deadline.clear();
      try {
        await this.#launch(slot, source);
      } catch (error) {
        failure ??= error;
        if (!this.#ending) this.#replaceLater(slot, 0);
      }
    }
    if (this.#ending) throw closed();
    for (const slot of this.#slots.splice(wanted)) {
      slot.retire();
      slot.current?.close();
      slot.coming?.close();
    }
    if (failure !== null) throw failure;
  }

  async close({ timeout, delay = this.#shutdownDelay }: ShutdownOptions = {}): Promise<void> {
    if (timeout !== undefined) checkCloseTimeout(timeout);
    checkCloseDelay(delay);
    if (timeout === 0 || delay === 0) this.#grace?.end();
    else if (!this.#ending && this.#listens) {
      this.#grace = new Grace(delay);
      this.#announced = delay;
      for (const worker of this.#processes) worker.closeSoon(delay);
      // Those that would only take the place of another one.
      for (const { current, coming } of this.#slots) if (current !== null) coming?.close();
    }
    this.#started = true;
    this.#ending = true;
    if (this.#grace !== null) await this.#grace.over;
    this.#closing = true;
    for (const slot of this.#slots.splice(0)) slot.retire();
    // Else they would be told to close before they get what waits here.
    if (timeout !== 0 && this.#setup.delivered !== undefined) await this.#setup.delivered();
    for (const worker of this.#processes) worker.close(timeout);
    await Promise.all([...this.#processes].map(({ ended }) => ended));
    await this.#admin?.close();
    this.#admin = null;
    this.#metrics.stop();
    this.#deadlines.dispose();
  }

  async reopenLogs(): Promise<void> {
    for (const worker of this.#processes) worker.reopenLogs();
  }

  async stats({ timeout = defaultStatsMs } = {}): Promise<ClusterStats> {
    const workers = await Promise.all(
      [...this.#processes].map(async (worker) => {
        const { id, pid, state } = worker;
        return { id, pid, state, stats: await worker.stats(timeout) };
      }),
    );
    return { workers, replaced: this.#replaced };
  }

  async metrics({ timeout = defaultStatsMs } = {}): Promise<ProxyStats> {
    const answered = await this.#metrics.ask(this.#processes, timeout);
    return this.#metrics.sum(answered, this.#replaced, this.#ending);
  }

  drain(backend: string): Promise<void> {
    return this.#act('drain', backend);
  }

  enable(backend: string): Promise<void> {
    return this.#act('enable', backend);
  }

  async #act(kind: 'drain' | 'enable', backend: string): Promise<void> {
    const found = await Promise.all(
      [...this.#processes].map((worker) => worker.act(kind, backend, defaultStatsMs)),
    );
    if (!found.includes(true)) {
      throw createError('RIT_ERR_CONFIG', `no backend has the name ${JSON.stringify(backend)}`);
    }
    if (kind === 'drain') this.#drained.add(backend);
    else this.#drained.delete(backend);
  }

  adminAddress(): Address | null {
    return this.#admin === null ? null : this.#admin.address();
  }

  #adminTarget(): AdminTarget {
    return {
      stats: () => this.metrics(),
      isDraining: () => this.#ending,
      drain: (backend) => this.drain(backend),
      enable: (backend) => this.enable(backend),
      reload: this.#setup.onReload ?? (() => this.restart()),
    };
  }

  #slot(nth: number): WorkerSlot {
    const slot = this.#slots[nth] ?? new WorkerSlot((that) => this.#replace(that));
    this.#slots[nth] = slot;
    return slot;
  }

  /** Starts a worker that takes the place of the slot's, which closes once the new one listens. */
  async #launch(slot: WorkerSlot, source: WorkerSource): Promise<WorkerFacts> {
    if (this.#closing) throw closed();
    const worker = new WorkerProcess(this.#setup.fork, source, this.#deadlines);
    this.#processes.add(worker);
    worker.ended.then((how) => this.#onEnd(worker, slot, how));
    slot.coming?.close();
    slot.coming = worker;
    try {
      const facts = await worker.ready;
      await this.#inTurn(() => this.#listen(worker, facts));
      if (slot.coming !== worker)
        throw createError('RIT_ERR_SHUTDOWN', 'the worker was closed while it started');
      const before = slot.current;
      slot.current = worker;
      if (this.#announced > 0) worker.closeSoon(this.#announced);
      before?.close();
      return facts;
    } catch (error) {
      worker.close();
      throw this.#closing ? closed() : error;
    } finally {
      if (slot.coming === worker) slot.coming = null;
    }
  }

  /**
   * One worker after another asks for the address. Node's primary fails where it has to tell several at once
   * that the address is taken, and two that find a Unix socket left behind could remove each other's.
   */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(task);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #listen(worker: WorkerProcess, { listen }: WorkerFacts): Promise<void> {
    const plan = this.#places.plan(listen, this.#listens);
    if (!this.#listens) {
      for (const { target } of plan)
        if ('path' in target) await this.#setup.removeStaleSocket(target.path);
    }
    const addresses = await worker.listen(plan.map(({ target }) => target));
    this.#places.confirm(plan, addresses);
    for (const backend of this.#drained) void worker.act('drain', backend, defaultStatsMs);
  }

  get #listens(): boolean {
    return [...this.#processes].some(({ state }) => state === 'listening');
  }

  #onEnd(worker: WorkerProcess, slot: WorkerSlot, how: string): void {
    this.#processes.delete(worker);
    this.#metrics.onEnd(worker);
    if (worker.overdue) {
      this.#logger?.warn({}, `${worker.name} did not close in time and was killed`);
    }
    if (slot.current !== worker) return;
    slot.current = null;
    // Its replacement is starting already.
    if (slot.retired || slot.coming !== null) return;
    // The signal that we got reached it as well.
    if (this.#ending && worker.inOrder) return;
    this.#replaced++;
    const delay = this.#replaceLater(slot, worker.upMs);
    this.#logger?.warn({}, `${worker.name} ${how}; ${nextText(delay)}`);
  }

  /** Says after how many ms. */
  #replaceLater(slot: WorkerSlot, upMs: number): number {
    const delay = slot.backOff.next(upMs);
    if (delay === 0) this.#replace(slot);
    else this.#deadlines.queue(delay).arm(slot.deadline);
    return delay;
  }

  /** From the same configuration as the others; where that has changed meanwhile, all workers are restarted. */
  async #startAgain(slot: WorkerSlot): Promise<void> {
    const source = this.#source;
    const isSame = source !== null && this.#setup.versionOf(source) === this.#version;
    // During the delay of `close` the last restart is over.
    if (source !== null && (isSame || this.#ending)) {
      await this.#launch(slot, source);
    } else await this.restart();
  }

  #replace(slot: WorkerSlot): void {
    this.#startAgain(slot).catch((err: Error) => {
      if (slot.retired || !slot.needsWorker(this.#source)) return;
      const delay = this.#replaceLater(slot, 0);
      this.#logger?.error({ err }, `a worker cannot start: ${err.message}; ${nextText(delay)}`);
    });
  }
}

/** What workers are made of, and which version of what they read by themselves. */
interface Version {
  readonly source: WorkerSource;
  readonly version: string;
}

const closed = (): Error => createError('RIT_ERR_SHUTDOWN', 'the cluster was closed');

const nextText = (delay: number): string =>
  delay === 0 ? 'a new one starts' : `a new one starts in ${delay} ms`;

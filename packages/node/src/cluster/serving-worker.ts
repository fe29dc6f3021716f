/** A worker: makes a proxy of what the primary tells it, and serves until it is told to end. */
import type { ProxyStats } from '@reverseit/admin';
import type { ListenTarget } from '@reverseit/core';
import { isReverseItError } from '@reverseit/core/errors';
import { loadConfiguration } from '../config/configuration.ts';
import type { ShutdownOptions } from '../lifecycle/grace.ts';
import { lineLogger } from '../logging/standard-error.ts';
import type { ReverseItOptions } from '../options/proxy-options.ts';
import { resolveProxyOptions } from '../options/resolve-proxy-options.ts';
import { workerCount } from '../options/workers.ts';
import type { ServedProxy } from '../server/create-server.ts';
import type { AdminAccess } from '../server/open-admin.ts';
import type { FromWorker, ToWorker, WorkerAnswer, WorkerSource } from './messages.ts';

/** The process of a worker. */
export interface WorkerHost {
  readonly id: number;
  /** `lost` is called where the message cannot be sent. */
  send(message: FromWorker, lost?: () => void): void;
  /** Writes a line to standard error. */
  log(line: string): void;
  /** Milliseconds that never run backwards. */
  now(): number;
  loadConfig(file: string, times: number): Promise<unknown>;
  createServer(options: ReverseItOptions): ServedProxy;
  /** Ends the process, whatever else the configuration has opened. */
  exit(): void;
}

export class ServingWorker {
  readonly #host: WorkerHost;
  #server: ServedProxy | null = null;
  #closing = false;
  #counts = false;

  constructor(host: WorkerHost) {
    this.#host = host;
  }

  onMessage(message: ToWorker): void {
    switch (message.kind) {
      case 'start':
        this.#orFail(this.#start(message.source));
        break;
      case 'listen':
        this.#orFail(this.#listen(message.where));
        break;
      case 'stats':
        this.#answer(message.question, this.#server?.stats() ?? null);
        break;
      case 'metrics':
        this.#answer(message.question, this.#counted());
        break;
      case 'drain':
      case 'enable':
        this.#answer(message.question, this.#act(message.kind, message.backend));
        break;
      case 'reopen-logs':
        void this.#server?.reopenLogs();
        break;
      case 'close-soon':
        this.close({ delay: message.delay });
        break;
      case 'close':
        this.close({ timeout: message.timeout, delay: 0 });
        break;
      case 'leave':
        this.#host.exit();
        break;
    }
  }

  /**
   * Lets what is in progress finish, for at most `timeout` ms, and ends. Without one, because of a signal, what the
   * options say counts, unless it closes already.
   */
  close(how: ShutdownOptions = {}): void {
    if (this.#closing && how.timeout === undefined && how.delay === undefined) return;
    this.#closing = true;
    if (this.#server === null) this.#host.exit();
    else this.#server.close(how).then(() => this.#end());
  }

  #answer(question: number, answer: WorkerAnswer): void {
    this.#host.send({ kind: 'answer', question, answer });
  }

  /** Null where it does not serve yet, or nobody wants to know. */
  #counted(): ProxyStats | null {
    return this.#server === null || !this.#counts ? null : this.#server.metrics();
  }

  #act(kind: 'drain' | 'enable', backend: string): boolean {
    try {
      this.#server?.[kind](backend);
      return this.#server !== null;
    } catch (error) {
      if (isReverseItError(error)) return false;
      throw error;
    }
  }

  /**
   * The last word. Until the primary answers, it may hand a connection over: that is returned to it, and another
   * worker gets it. With a process that had ended it would be lost.
   */
  #end(): void {
    const host = this.#host;
    host.send({ kind: 'closed', metrics: this.#counted() }, () => host.exit());
  }

  async #start(source: WorkerSource): Promise<void> {
    const host = this.#host;
    const input = await loadConfiguration(source, (file) => host.loadConfig(file, 0));
    const resolved = resolveProxyOptions(input);
    const { listeners, workers, closeTimeout, shutdownDelay, log, metrics, admin } = resolved;
    const listen = listeners.map(({ target }) => target);
    this.#counts = metrics;
    // A plain object: it was accepted.
    const options = input as ReverseItOptions;
    const logger = lineLogger(log, {
      log: (line) => host.log(line),
      now: () => host.now(),
      worker: host.id,
    });
    // The admin listener and the ready file are the primary's.
    const own = { workers: undefined, admin: undefined, readyFile: undefined, metrics };
    this.#server = host.createServer({ logger, ...options, ...own });
    host.send({
      kind: 'ready',
      facts: {
        listen,
        workers: workerCount(workers),
        closeTimeout,
        shutdownDelay,
        admin: admin === null ? null : accessOf(admin),
      },
    });
  }

  async #listen(where: readonly ListenTarget[]): Promise<void> {
    const addresses = await this.#server?.listenAt(where);
    if (addresses !== undefined) this.#host.send({ kind: 'listening', addresses });
  }

  #orFail(step: Promise<void>): void {
    step.catch((error: unknown) => {
      // A mistake of ours: it ends the process, and tells where it is.
      if (!isReverseItError(error)) throw error;
      if (!this.#closing) {
        this.#host.send({ kind: 'failed', code: error.code, message: error.message });
      }
    });
  }
}

/** What can be handed to another process. */
const accessOf = ({ listen, token, hosts }: AdminAccess): AdminAccess => ({ listen, token, hosts });

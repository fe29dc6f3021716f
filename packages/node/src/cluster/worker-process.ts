/** One worker as the primary sees it, from its start to its end. */
import type { ProxyStats } from '@reverseit/admin';
import type { ListenTarget } from '@reverseit/core';
import { Deadline, type Deadlines, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError } from '@reverseit/core/errors';
import type { Address } from '../server/address.ts';
import type { ReverseItStats } from '../server/create-server.ts';
import type { FromWorker, ToWorker, WorkerAnswer, WorkerFacts, WorkerSource } from './messages.ts';

/** A process that was started, and the channel to it. */
export interface Forked {
  /** Its number among all that were started. */
  readonly id: number;
  readonly pid: number;
  /** Never throws; what a process that has gone was to hear is lost. */
  send(message: ToWorker): void;
  /** Ends it at once. */
  kill(): void;
}

/** Hears of a process that was started. */
export interface ForkListener {
  onMessage(message: FromWorker): void;
  /** It has ended, or never came to be; `how` follows the name of the worker. `inOrder`: it has exited with code 0. */
  onEnd(how: string, inOrder: boolean): void;
}

/** Starts a process, and throws where the system has no room for another one. */
export type Fork = (listener: ForkListener) => Forked;

/** How far a worker has come. */
export type WorkerState = 'starting' | 'listening' | 'closing' | 'ended';

/** From the start of a process to its listening: what it loads may wait for something that never comes. */
const startMs = 60_000;

/** Beyond the time for closing, after which a worker cuts by itself what is left. */
const graceMs = 2_000;

const startDeadline = 0;
const closeDeadline = 1;

export class WorkerProcess implements ForkListener, DeadlineTarget {
  /** When it has read its configuration. */
  readonly ready: Promise<WorkerFacts>;
  /** When it has ended; tells how. */
  readonly ended: Promise<string>;
  /** What it has counted in all, where it had the time to say so; else null. */
  counted: ProxyStats | null = null;
  /** How far it has come. */
  state: WorkerState = 'starting';
  /** Whether it did not close in time, and was killed. */
  overdue = false;
  /** Whether it ended by itself, with exit code 0. */
  inOrder = false;
  readonly source: WorkerSource;
  readonly #forked: Forked;
  readonly #deadlines: Deadlines;
  readonly #start = new Deadline(this, startDeadline);
  readonly #close = new Deadline(this, closeDeadline);
  readonly #ready = settler<WorkerFacts>();
  readonly #listening = settler<readonly Address[]>();
  readonly #ended = settler<string>();
  readonly #questions = new Map<number, Question>();
  #asked = 0;
  #listeningSince: number | null = null;
  #endedAt: number | null = null;
  #closeTimeout = 0;

  /** @throws ErrnoException where no process can be started */
  constructor(fork: Fork, source: WorkerSource, deadlines: Deadlines) {
    this.source = source;
    this.#deadlines = deadlines;
    this.ready = this.#ready.promise;
    this.ended = this.#ended.promise;
    this.#forked = fork(this);
    deadlines.queue(startMs).arm(this.#start);
  }

  get id(): number {
    return this.#forked.id;
  }

  get pid(): number {
    return this.#forked.pid;
  }

  /** For a log. */
  get name(): string {
    return `worker ${this.id} (pid ${this.pid})`;
  }

  /** For how long it has listened, in ms; 0 if it never has. */
  get upMs(): number {
    if (this.#listeningSince === null) return 0;
    return (this.#endedAt ?? this.#deadlines.now()) - this.#listeningSince;
  }

  /** To be called when it is ready. */
  listen(where: readonly ListenTarget[]): Promise<readonly Address[]> {
    this.#forked.send({ kind: 'listen', where });
    return this.#listening.promise;
  }

  /** Has it open the files of its logs again. */
  reopenLogs(): void {
    this.#forked.send({ kind: 'reopen-logs' });
  }

  /** Tells it that `close` follows in so many ms. It serves until then. */
  closeSoon(delay: number): void {
    // It waits longer than we do, so that `close` comes from us.
    if (this.state === 'listening')
      this.#forked.send({ kind: 'close-soon', delay: delay + graceMs });
  }

  /** Null where it does not serve, or does not answer in time. */
  stats(timeout: number): Promise<ReverseItStats | null> {
    return this.#ask(timeout, (question) => ({ kind: 'stats', question }));
  }

  /** The same of what it has counted. */
  metrics(timeout: number): Promise<ProxyStats | null> {
    return this.#ask(timeout, (question) => ({ kind: 'metrics', question }));
  }

  /** Whether it has the backend; null as above. */
  act(kind: 'drain' | 'enable', backend: string, timeout: number): Promise<boolean | null> {
    return this.#ask(timeout, (question) => ({ kind, question, backend }));
  }

  #ask<Answer>(timeout: number, message: (question: number) => ToWorker): Promise<Answer | null> {
    if (this.state !== 'listening' && this.state !== 'closing') return Promise.resolve(null);
    const question = this.#asked++;
    return new Promise((resolve) => {
      const waiting = new Question((answer) => {
        this.#questions.delete(question);
        // What a worker answers follows from what it was asked.
        resolve(answer as Answer | null);
      });
      this.#questions.set(question, waiting);
      // To a queue, no time at all means no limit.
      this.#deadlines.queue(Math.max(1, timeout)).arm(waiting.deadline);
      this.#forked.send(message(question));
    });
  }

  /** Lets it finish what is in progress, for at most `timeout` ms (default: its `closeTimeout`), and end. */
  close(timeout = this.#closeTimeout): void {
    if (this.state === 'ended') return;
    this.state = 'closing';
    this.#start.clear();
    if (timeout === 0) {
      this.#forked.kill();
      return;
    }
    this.#forked.send({ kind: 'close', timeout });
    this.#deadlines.queue(timeout + graceMs).arm(this.#close);
  }

  onMessage(message: FromWorker): void {
    switch (message.kind) {
      case 'hello':
        this.#forked.send({ kind: 'start', source: this.source });
        break;
      case 'ready':
        this.#closeTimeout = message.facts.closeTimeout;
        this.#ready.resolve(message.facts);
        break;
      case 'listening':
        this.#onListening(message.addresses);
        break;
      case 'failed':
        this.#reject(message.code, message.message);
        this.#forked.kill();
        break;
      case 'answer':
        this.#questions.get(message.question)?.answer(message.answer);
        break;
      case 'closed':
        this.counted = message.metrics;
        this.#forked.send({ kind: 'leave' });
        break;
    }
  }

  #onListening(addresses: readonly Address[]): void {
    // It may have been told to close meanwhile.
    if (this.state !== 'starting') return;
    this.#start.clear();
    this.state = 'listening';
    this.#listeningSince = this.#deadlines.now();
    this.#listening.resolve(addresses);
  }

  onEnd(how: string, inOrder: boolean): void {
    this.state = 'ended';
    this.inOrder = inOrder;
    this.#endedAt = this.#deadlines.now();
    this.#start.clear();
    this.#close.clear();
    for (const question of [...this.#questions.values()]) question.answer(null);
    this.#reject('RIT_ERR_INTERNAL', `the worker ${how} before it was listening`);
    this.#ended.resolve(how);
  }

  /** @internal */
  onDeadline(kind: number): void {
    if (kind === startDeadline) {
      this.#reject('RIT_ERR_INTERNAL', `the worker was not listening within ${startMs} ms`);
    } else this.overdue = true;
    this.#forked.kill();
  }

  #reject(...[code, message]: Parameters<typeof createError>): void {
    const error = createError(code, message);
    this.#ready.reject(error);
    this.#listening.reject(error);
  }
}

/** A promise that is settled from outside. Nobody has to await it. */
function settler<Value>(): PromiseWithResolvers<Value> {
  const resolvers = Promise.withResolvers<Value>();
  resolvers.promise.catch(() => undefined);
  return resolvers;
}

/** A question that waits for its answer, for a time. */
class Question implements DeadlineTarget {
  readonly deadline = new Deadline(this, 0);
  readonly #tell: (answer: WorkerAnswer) => void;

  constructor(tell: (answer: WorkerAnswer) => void) {
    this.#tell = tell;
  }

  answer(answer: WorkerAnswer): void {
    this.deadline.clear();
    this.#tell(answer);
  }

  onDeadline(): void {
    this.#tell(null);
  }
}

/** From listening to the end: the line that tells where, and what signals do. */
import { isReverseItError } from '@reverseit/core/errors';
import { ignoreError, messageOf } from '@reverseit/core/internal';
import type { Address } from '../server/address.ts';
import type { CommandLog } from './command-log.ts';
import type { Reloaded, Reloads } from './reloads.ts';

/** Ends a wait for a signal. */
export type StopWaiting = () => void;

export type Signal = 'SIGINT' | 'SIGTERM';

/** Exit codes: 0 after a clean end, 1 when it cannot listen, 2 for a bad option, 128 + n when cut short. */
export type ExitCode = 0 | 1 | 2 | 130 | 143;

/** What the command needs of its process while it serves. */
export interface ServeHost {
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes a line to standard error. */
  log(line: string): void;
  /** Milliseconds that never run backwards. */
  now(): number;
  /** Calls back at each SIGINT and SIGTERM. */
  onSignal(callback: (signal: Signal) => void): StopWaiting;
  /** Calls back at each SIGHUP, which otherwise ends the process. */
  onHangup(callback: () => void): StopWaiting;
  /** Calls back at each SIGUSR2, which otherwise ends the process. */
  onReopen(callback: () => void): StopWaiting;
}

/** A server in this process, or a cluster. */
export interface Served extends Reloaded {
  /** Resolves to where each listener listens. */
  listen(): Promise<readonly Address[]>;
  close(options?: { readonly timeout?: number }): Promise<void>;
  /** Opens the files of logs again. Where that fails, the open ones stay. */
  reopenLogs(): Promise<void>;
  /** Where the admin listener is; null without one. */
  adminAddress(): Address | null;
}

/** What is said while it serves. */
export interface ServeTexts {
  /** It listens. */
  announce(addresses: readonly Address[]): void;
  readonly log: CommandLog;
}

/**
 * @param texts how it tells where it listens, and what goes on
 * @param reloads of what is served
 * @param onChange calls back with the names of files that have changed, upon which it reloads
 */
export async function serve(
  host: ServeHost,
  served: Served,
  texts: ServeTexts,
  reloads: Reloads,
  onChange: (callback: (files: string) => void) => StopWaiting,
): Promise<ExitCode> {
  // A cluster takes a while to listen, and part of it serves before.
  const signals = new Signals(host, served, texts.log, reloads);
  signals.waitFor(onChange);
  try {
    const addresses = await served.listen();
    if (!signals.heard) texts.announce(addresses);
  } catch (error) {
    if (!signals.heard) {
      signals.stop();
      // The message names the address.
      texts.log.error(messageOf(error));
      return isReverseItError(error) && error.code === 'RIT_ERR_CONFIG' ? 2 : 1;
    }
  }
  return signals.ended;
}

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** One press of Ctrl-C may come twice in a row: from the terminal, and from npm, which passes it on. */
const echoMs = 30;

/** The first signal lets what is in progress finish, the second ends at once. */
class Signals {
  readonly ended: Promise<ExitCode>;
  readonly #host: ServeHost;
  readonly #served: Served;
  readonly #log: CommandLog;
  readonly #reloads: Reloads;
  readonly #waits: StopWaiting[] = [];
  #drainingSince: number | null = null;
  readonly #end: (code: ExitCode) => void;
  readonly #fail: (error: unknown) => void;

  constructor(host: ServeHost, served: Served, log: CommandLog, reloads: Reloads) {
    this.#host = host;
    this.#log = log;
    this.#reloads = reloads;
    this.#served = served;
    const { promise, resolve, reject } = Promise.withResolvers<ExitCode>();
    this.ended = promise;
    this.#end = resolve;
    this.#fail = reject;
    this.#waits.push(host.onSignal((signal) => this.#onSignal(signal)));
    this.#waits.push(host.onHangup(() => this.#reload('SIGHUP')));
    this.#waits.push(host.onReopen(() => this.#reopenLogs()));
  }

  /** Reloads at each change. */
  waitFor(onChange: (callback: (files: string) => void) => StopWaiting): void {
    this.#waits.push(onChange((files) => this.#reload(`${files} changed`)));
  }

  /** Whether one has come that ends the command. */
  get heard(): boolean {
    return this.#drainingSince !== null;
  }

  stop(): void {
    for (const wait of this.#waits.splice(0)) wait();
  }

  #onSignal(signal: Signal): void {
    const now = this.#host.now();
    if (this.#drainingSince === null) {
      this.#drainingSince = now;
      this.#reloads.end();
      this.#log.notice(`${signal}: shutting down gracefully; repeat to force`);
      this.#served.close().then(() => this.#endWith(0), this.#fail);
    } else if (signal === 'SIGTERM' || now - this.#drainingSince > echoMs) {
      // Ends other processes as well, if there are any; nobody waits for it.
      this.#served.close({ timeout: 0 }).catch(() => undefined);
      this.#endWith(codes[signal]);
    }
  }

  #reopenLogs(): void {
    this.#log.notice('SIGUSR2: opening the files of logs again');
    this.#served.reopenLogs().catch(this.#fail);
  }

  #endWith(code: ExitCode): void {
    this.stop();
    this.#end(code);
  }

  /** What fails has been logged. */
  #reload(reason: string): void {
    this.#reloads.ask(reason).catch(ignoreError);
  }
}

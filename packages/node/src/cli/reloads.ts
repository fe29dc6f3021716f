/** Reloads, one after another, and what is logged of them: who asked, and how it went. */
import { createError } from '@reverseit/core/errors';
import { messageOf } from '@reverseit/core/internal';
import type { CommandLog } from './command-log.ts';

/** What is logged about a reload. */
interface ReloadTexts {
  readonly begun: string;
  readonly done: string;
  readonly failed: string;
  readonly kept: string;
}

/** What is reloaded. */
export interface Reloaded {
  /** Reads the configuration again and applies it. Where it is rejected, nothing has changed. */
  reload(): Promise<void>;
  readonly reloadTexts: ReloadTexts;
}

export class Reloads {
  readonly #served: Reloaded;
  readonly #log: CommandLog;
  /** The latest one; another that is asked for meanwhile follows it. */
  #latest: Promise<void> = Promise.resolve();
  #over = false;

  constructor(served: Reloaded, log: CommandLog) {
    this.#served = served;
    this.#log = log;
  }

  /** `reason`: who asks, or what has changed. Rejects where the configuration is rejected; that is logged as well. */
  ask(reason: string): Promise<void> {
    const reload = this.#latest.then(() => this.#reload(reason));
    this.#latest = reload.catch(() => undefined);
    return reload;
  }

  /** None begins any more. */
  end(): void {
    this.#over = true;
  }

  async #reload(reason: string): Promise<void> {
    if (this.#over) throw createError('RIT_ERR_SHUTDOWN', 'not reloaded: shutting down');
    const { begun, done, failed, kept } = this.#served.reloadTexts;
    this.#log.notice(`${reason}: ${begun}`);
    try {
      await this.#served.reload();
      this.#log.notice(done);
    } catch (error) {
      if (!this.#over) this.#log.error(`${failed}: ${messageOf(error)}; ${kept}`);
      throw error;
    }
  }
}

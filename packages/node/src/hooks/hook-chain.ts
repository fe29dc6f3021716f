/**
 * Runs hooks one after another. A hook that answers at once costs no promise, no closure and no timer; one
 * that hands back a promise is waited for, for at most `hookTimeout`.
 */
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { isThenable } from '@reverseit/core/internal/server';
import { hookError } from './hook-error.ts';

/** As errors name them. */
export type HookName = 'onRequest' | 'respond' | 'chooseBackend' | 'onResponse' | 'onErrorResponse';

export abstract class HookChain<Hook, Answer> implements DeadlineTarget {
  #name: HookName = 'onRequest';
  #hooks: readonly Hook[] = [];
  #next = 0;
  /** Made for the first hook that is waited for. */
  #deadline: Deadline | null = null;
  /** Which wait this is: what comes of one that was given up is ignored. */
  #wait = 0;

  /** How long a hook is waited for. */
  protected abstract readonly timeouts: DeadlineQueue;
  /** Calls one hook. May throw. */
  protected abstract call(hook: Hook): Answer | PromiseLike<Answer>;
  /** Takes what a hook answered. True: the chain ends with it. May throw. */
  protected abstract take(answer: Answer, name: HookName): boolean;
  /** Every hook has run. Must not throw. */
  protected abstract onDone(): void;
  /** A hook threw, or took too long. Must not throw. */
  protected abstract onFailed(error: ReverseItError): void;

  /** A hook is being waited for. */
  protected onWait(): void {
    // Most have nothing to hold back.
  }

  protected run(name: HookName, hooks: readonly Hook[]): void {
    this.#name = name;
    this.#hooks = hooks;
    this.#next = 0;
    this.#continue();
  }

  /** Ignores what hooks still bring. */
  protected stop(): void {
    this.#wait++;
    this.#deadline?.clear();
    this.#next = this.#hooks.length;
  }

  /** True where the chain has ended or waits, so that it is not done. */
  #step(): boolean {
    const hooks = this.#hooks;
    while (this.#next < hooks.length) {
      const answer = this.call(hooks[this.#next++] as Hook);
      if (isThenable(answer)) {
        this.#await(answer);
        return true;
      }
      if (this.take(answer, this.#name)) return true;
    }
    return false;
  }

  #continue(): void {
    let over: boolean;
    try {
      over = this.#step();
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    if (!over) this.onDone();
  }

  #await(answer: PromiseLike<Answer>): void {
    this.#deadline ??= new Deadline(this, 0);
    this.timeouts.arm(this.#deadline);
    this.#wait++;
    const wait = this.#wait;
    Promise.resolve(answer).then(
      (value) => {
        if (wait === this.#wait) this.#settle(value);
      },
      (cause: unknown) => {
        if (wait === this.#wait) this.#fail(cause);
      },
    );
    this.onWait();
  }

  #settle(answer: Answer): void {
    this.#deadline?.clear();
    let over: boolean;
    try {
      over = this.take(answer, this.#name);
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    if (!over) this.#continue();
  }

  #fail(cause: unknown): void {
    this.stop();
    this.onFailed(hookError(this.#name, cause));
  }

  onDeadline(): void {
    const afterMs = this.timeouts.ms;
    this.stop();
    this.onFailed(
      createError(
        'RIT_ERR_HOOK_TIMEOUT',
        `${this.#name} took longer than hookTimeout (${afterMs} ms)`,
        {
          details: { hook: this.#name, afterMs },
        },
      ),
    );
  }
}

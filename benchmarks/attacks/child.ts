/** Processes of a run that answer one question after the other over their IPC channel. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pin, remember } from '../lib/processes.ts';

/** A process that is asked Q and answers A. */
export class Child<Q, A> {
  readonly pid: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.pid = process.pid ?? 0;
  }

  /** Starts a file of this folder; resolves with its first word, R. */
  static async start<R, Q, A>(
    file: string,
    args: readonly string[],
    core: number | null,
  ): Promise<{ child: Child<Q, A>; ready: R }> {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const forked = fork(path, args, { env: { ...process.env, NODE_ENV: 'production' } });
    pin(forked.pid, core);
    remember(forked);
    return { child: new Child(forked), ready: await nextMessage<R>(forked) };
  }

  /** One question at a time. @throws Error where the process has ended. */
  ask(question: Q): Promise<A> {
    const answer = nextMessage<A>(this.#process);
    // That it could not be sent is known by the end of the process.
    this.#process.send(question as object, () => undefined);
    return answer;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    await new Promise((resolve) => {
      this.#process.once('exit', resolve);
      this.#process.disconnect();
    });
  }
}

function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (): void =>
      reject(new Error(`its process ended with ${child.exitCode ?? child.signalCode}`));
    if (child.exitCode !== null || child.signalCode !== null) {
      onExit();
      return;
    }
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as T);
    });
  });
}

/** In a child: says R, then answers each question; ends with its parent. */
export function answerParent<R, Q, A>(ready: R, answer: (question: Q) => A | Promise<A>): void {
  process.on('message', async (question) => {
    process.send?.(await answer(question as Q));
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.(ready);
}

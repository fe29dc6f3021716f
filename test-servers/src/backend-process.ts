/** Backends that can be killed, stopped, continued and started again, as processes are. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { guarded } from './guard.ts';

const program = fileURLToPath(new URL('counting-backend.ts', import.meta.url));

/** Runs counting-backend.ts. */
export class BackendProcess {
  readonly name: string;
  readonly #file: string;
  #port = 0;
  #child: ChildProcess | null = null;

  /** @param file where it notes what it has processed */
  constructor(name: string, file: string) {
    this.name = name;
    this.#file = file;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Targets of the POSTs that it has processed, in all its lives. */
  get processed(): readonly string[] {
    return existsSync(this.#file) ? readFileSync(this.#file, 'utf8').split('\n').slice(0, -1) : [];
  }

  /** Starts it, at the port that it had before. */
  async start(): Promise<this> {
    const flags = ['--disable-warning=ExperimentalWarning', program];
    const child = spawn(process.execPath, [...flags, this.name, this.#file, `${this.#port}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    const [line] = await guarded(
      once(createInterface({ input: child.stdout }), 'line'),
      `backend ${this.name} to listen`,
    );
    this.#port = Number(line);
    return this;
  }

  /** The kernel still accepts connections, and what is sent on them, and nobody answers. */
  stop(): void {
    this.#child?.kill('SIGSTOP');
  }

  continue(): void {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await guarded(ended, `backend ${this.name} to end`);
  }

  close(): Promise<void> {
    return this.kill();
  }
}

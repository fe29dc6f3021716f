/**
 * A file that is there while the command serves, for whoever started it and waits: it holds where it listens, as
 * JSON. It appears whole, and goes as soon as the command begins to end.
 */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createError } from '@reverseit/core/errors';
import { messageOf } from '@reverseit/core/internal';
import type { Address } from '../server/address.ts';
import type { Served } from './serve.ts';

/** What the file holds. */
export interface ReadyFacts {
  readonly pid: number;
  /** Where each listener listens. */
  readonly addresses: readonly Address[];
  /** Where the admin listener is; null without one. */
  readonly admin: Address | null;
}

export class ReadyFile {
  readonly #path: string;
  readonly #pid: number;
  #text: string | null = null;

  constructor(path: string, pid = process.pid) {
    this.#path = path;
    this.#pid = pid;
  }

  /**
   * Finds out whether the file can be written, and removes the one of a process that has ended without doing so.
   * One that runs keeps its own until this one is ready.
   * @throws ConfigError (`RIT_ERR_CONFIG`)
   */
  prepare(): void {
    this.#orRefuse(() => {
      this.#writeDraft('');
      rmSync(this.#draft);
      if (statSync(this.#path, { throwIfNoEntry: false })?.isDirectory() === true) {
        throw new Error('it is a directory');
      }
      const pid = pidIn(this.#read());
      if (pid !== null && (pid === this.#pid || !isRunning(pid))) rmSync(this.#path);
    });
  }

  /** @throws ConfigError (`RIT_ERR_CONFIG`) */
  write(facts: Omit<ReadyFacts, 'pid'>): void {
    const text = `${JSON.stringify({ pid: this.#pid, ...facts })}\n`;
    this.#orRefuse(() => {
      this.#writeDraft(text);
      renameSync(this.#draft, this.#path);
    });
    this.#text = text;
  }

  /** Unless another process has put its own in place. */
  remove(): void {
    if (this.#text !== null && this.#read() === this.#text) rmSync(this.#path, { force: true });
    this.#text = null;
  }

  /** Beside the file, as only within one file system a file can be moved at once. */
  get #draft(): string {
    return `${this.#path}.${this.#pid}.tmp`;
  }

  /** A file of its own: in a folder of everybody's, a link to another one may be there in its place. */
  #writeDraft(text: string): void {
    rmSync(this.#draft, { force: true });
    writeFileSync(this.#draft, text, { flag: 'wx' });
  }

  #read(): string | null {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch {
      return null;
    }
  }

  #orRefuse(act: () => void): void {
    try {
      act();
    } catch (cause) {
      rmSync(this.#draft, { force: true });
      const text = `invalid option readyFile: cannot write ${this.#path}: ${messageOf(cause)}`;
      throw createError('RIT_ERR_CONFIG', text, { cause });
    }
  }
}

/** Null where the text is none of ours. */
function pidIn(text: string | null): number | null {
  if (text === null) return null;
  try {
    const facts: unknown = JSON.parse(text);
    const pid = typeof facts === 'object' && facts !== null && 'pid' in facts ? facts.pid : null;
    return Number.isInteger(pid) && Number(pid) > 0 ? Number(pid) : null;
  } catch {
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It runs as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The same, with the file there while it serves. */
export class ReadyServed implements Served {
  readonly reloadTexts;
  readonly #served: Served;
  readonly #file: Pick<ReadyFile, 'prepare' | 'write' | 'remove'>;
  #closing = false;

  constructor(served: Served, file: Pick<ReadyFile, 'prepare' | 'write' | 'remove'>) {
    this.#served = served;
    this.#file = file;
    this.reloadTexts = served.reloadTexts;
  }

  async listen(): Promise<readonly Address[]> {
    this.#file.prepare();
    const addresses = await this.#served.listen();
    if (this.#closing) return addresses;
    try {
      this.#file.write({ addresses, admin: this.adminAddress() });
    } catch (error) {
      await this.#served.close({ timeout: 0 });
      throw error;
    }
    return addresses;
  }

  close(how?: { readonly timeout?: number }): Promise<void> {
    this.#closing = true;
    this.#file.remove();
    return this.#served.close(how);
  }

  reload(): Promise<void> {
    return this.#served.reload();
  }

  reopenLogs(): Promise<void> {
    return this.#served.reopenLogs();
  }

  adminAddress(): Address | null {
    return this.#served.adminAddress();
  }
}

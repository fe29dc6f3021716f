/**
 * Reads a socket by asking: for so many bytes, for a line, for the end. Whatever arrives before it is
 * asked for is held up to a bound; beyond it the socket is paused, so that a test which does not read
 * is a peer that does not read.
 */
import type { Socket } from 'node:net';
import { ByteBuffer } from './byte-buffer.ts';
import { defaultGuardMs, GuardError, type Waiting } from './guard.ts';
import { hiddenReset } from './hidden-reset.ts';

export interface SocketReaderOptions {
  /** Who reads, for messages. */
  readonly name: string;
  /** How long one wait may last, in milliseconds. Default: 20 000. */
  readonly guardMs?: number;
  /** Unread bytes after which the socket is paused while nobody waits. Default: 1 MiB. */
  readonly maxUnreadBytes?: number;
  /** How many of the first bytes received are kept for `received`. Default: 4 MiB. */
  readonly maxRecordedBytes?: number;
}

/** The peer ended or broke the connection while more was asked of it. */
export class PeerGoneError extends Error {
  override readonly name = 'PeerGoneError';
}

/** How the peer left: with a FIN, or with a reset (RST or a broken pipe). */
export type CloseKind = 'fin' | 'reset';

const resetCodes = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);
/** A single wait may not pile up more than this. */
const maxAwaitedBytes = 256 * 1024 * 1024;

/** A peer's bytes, for quoting in a message. */
export function quote(bytes: Uint8Array, max = 200): string {
  const text = Buffer.from(bytes.subarray(0, max)).toString('latin1');
  const more = bytes.length > max ? ` … (${bytes.length} bytes)` : '';
  return JSON.stringify(text) + more;
}

export class SocketReader {
  readonly #socket: Socket;
  readonly #name: string;
  readonly #guardMs: number;
  readonly #maxUnread: number;
  readonly #maxRecorded: number;
  readonly #unread = new ByteBuffer();
  readonly #record = new ByteBuffer();
  readonly #waits = new Set<() => void>();
  #bytesReceived = 0;
  #ended = false;
  #closed = false;
  #held = false;
  #error: NodeJS.ErrnoException | undefined;
  #departure: CloseKind | undefined;

  constructor(socket: Socket, options: SocketReaderOptions) {
    this.#socket = socket;
    this.#name = options.name;
    this.#guardMs = options.guardMs ?? defaultGuardMs;
    this.#maxUnread = options.maxUnreadBytes ?? 1024 * 1024;
    this.#maxRecorded = options.maxRecordedBytes ?? 4 * 1024 * 1024;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => {
      this.#error ??= hiddenReset(socket) ?? undefined;
      this.#ended = this.#error === undefined;
      this.#departure ??= this.#ended ? 'fin' : 'reset';
      this.#wake();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error ??= error;
      if (resetCodes.has(error.code ?? '')) this.#departure ??= 'reset';
      this.#wake();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** What has arrived and was not asked for yet. */
  get unread(): Buffer {
    return Buffer.from(this.#unread.view());
  }

  /** The first bytes received, up to `maxRecordedBytes`, read or not. */
  get received(): Buffer {
    return Buffer.from(this.#record.view());
  }

  /** How many bytes have been received in all. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** The peer's FIN has arrived, after all of its bytes. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The socket is gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The socket's first error. */
  get error(): NodeJS.ErrnoException | undefined {
    return this.#error;
  }

  /** How the peer has left, whichever was seen first: a reset after a FIN answers our own bytes. */
  get departure(): CloseKind | undefined {
    return this.#departure;
  }

  /** Stops reading, until `resume()`: waits do not read either. */
  hold(): void {
    this.#held = true;
    this.#socket.pause();
  }

  /** Reads again after `hold()`. */
  resume(): void {
    this.#held = false;
    this.#socket.resume();
  }

  /** Waits for `length` bytes and takes them. */
  async take(length: number): Promise<Buffer> {
    await this.#until(
      () => this.#unread.length >= length,
      () => `${length} bytes, of which ${this.#unread.length} came`,
    );
    return this.#unread.shift(length);
  }

  /** Waits for any byte and takes up to `max` bytes; `null` at the end. */
  async some(max = 65_536): Promise<Buffer | null> {
    await this.#until(() => this.#unread.length > 0 || this.#ended, 'a byte or the end');
    return this.#unread.length === 0
      ? null
      : this.#unread.shift(Math.min(max, this.#unread.length));
  }

  /**
   * Waits, for as long as it takes, until a byte is unread or the peer has left; false when it has
   * left. The one wait without a guard: an idle connection may stay.
   */
  async hasMore(): Promise<boolean> {
    const met = (): boolean => this.#unread.length > 0 || this.#gone;
    await this.#until(met, '', Number.POSITIVE_INFINITY);
    return this.#unread.length > 0;
  }

  /** Waits for `delimiter` and takes everything up to and with it, at most `max` bytes. */
  async takeThrough(delimiter: string, max = 1024 * 1024): Promise<Buffer> {
    let searched = 0;
    let length = 0;
    await this.#until(
      () => {
        const view = this.#unread.view();
        const at = view.indexOf(delimiter, searched, 'latin1');
        searched = Math.max(0, view.length - delimiter.length + 1);
        if (at < 0 && view.length <= max) return false;
        length = at < 0 ? view.length : at + delimiter.length;
        return true;
      },
      () => `${JSON.stringify(delimiter)} after ${quote(this.#unread.view())}`,
    );
    if (length > max) {
      throw new Error(`${this.#name}: no ${JSON.stringify(delimiter)} within ${max} bytes`);
    }
    return this.#unread.shift(length);
  }

  /** Waits until `enough` says how many of the unread bytes satisfy it, and takes them. */
  async takeWhen(
    enough: (unread: Buffer) => number | undefined,
    what = 'the expected bytes',
  ): Promise<Buffer> {
    let length: number | undefined;
    await this.#until(
      () => {
        length = enough(this.#unread.view());
        return length !== undefined;
      },
      () => `${what}; have ${quote(this.#unread.view())}`,
    );
    return this.#unread.shift(length ?? 0);
  }

  /** Waits until at least `count` bytes have been received in all, read or not. */
  whenReceived(count: number): Promise<void> {
    return this.#until(
      () => this.#bytesReceived >= count,
      () => `${count} bytes in all, of which ${this.#bytesReceived} came`,
    );
  }

  /** Waits for the peer's FIN and takes all bytes before it. Fails on a reset. */
  async takeAll(): Promise<Buffer> {
    await this.#until(
      () => this.#ended,
      () => `the end, after ${this.#unread.length} unread bytes`,
    );
    return this.#unread.shift(this.#unread.length);
  }

  /** Counts and forgets everything up to the peer's leaving. */
  async drain(): Promise<CloseKind> {
    for (;;) {
      this.#unread.skip(this.#unread.length);
      if (this.#gone) return this.whenGone();
      const seen = this.#bytesReceived;
      await this.#until(() => this.#bytesReceived > seen || this.#gone, 'bytes or the end');
    }
  }

  /** Waits until the peer has left, by FIN or reset; bytes on the way stay unread. */
  async whenGone(): Promise<CloseKind> {
    await this.#until(
      () => this.#gone,
      () => `the peer to leave; it sent ${this.#bytesReceived} bytes`,
    );
    if (this.departure === undefined) {
      throw new PeerGoneError(`${this.#name}: closed by this side, not by the peer`);
    }
    return this.departure;
  }

  /** Waits until the socket itself is closed. */
  whenClosed(): Promise<void> {
    return this.#until(() => this.#closed, 'the socket to close', this.#guardMs, true);
  }

  get #gone(): boolean {
    return this.departure !== undefined || this.#closed;
  }

  #onData(chunk: Buffer): void {
    this.#bytesReceived += chunk.length;
    const room = this.#maxRecorded - this.#record.length;
    if (room > 0) this.#record.append(chunk.subarray(0, room));
    this.#unread.append(chunk);
    this.#wake();
    if (this.#waits.size === 0 && this.#unread.length >= this.#maxUnread) this.#socket.pause();
  }

  #wake(): void {
    for (const check of [...this.#waits]) check();
  }

  /** `patient` goes on waiting when the peer has left. */
  #until(
    met: () => boolean,
    what: Waiting,
    guardMs: number = this.#guardMs,
    patient = false,
  ): Promise<void> {
    const trace: { stack?: string } = {};
    Error.captureStackTrace(trace, this.#until);
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        this.#waits.delete(check);
        if (error === undefined) {
          resolve();
          return;
        }
        // The stack of the line that waits, rather than of the event that ended the wait.
        error.stack = `${error.name}: ${error.message}\n${trace.stack?.replace(/^.*\n/, '') ?? ''}`;
        reject(error);
      };
      const tell = (): string => `${this.#name}: ${typeof what === 'string' ? what : what()}`;
      const check = (): void => {
        if (met()) settle();
        else if (this.#gone && !patient) {
          const how = this.departure ?? 'closed by this side';
          settle(new PeerGoneError(`${tell()} (${how})`, { cause: this.#error }));
        } else if (this.#unread.length > maxAwaitedBytes) {
          settle(new RangeError(`${tell()}: too many bytes are held`));
        }
      };
      const expire = (): void => settle(new GuardError(`waited ${guardMs} ms for ${tell()}`));
      const timer = guardMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(expire, guardMs);
      this.#waits.add(check);
      check();
      if (this.#waits.has(check) && !this.#held) this.#socket.resume();
    });
  }
}

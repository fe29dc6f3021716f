/**
 * A file that lines are appended to, or standard output. Lines are gathered for a moment and written together, off
 * the event loop. One write is under way at a time. While it waits for a disk or a reader that stalls, lines are
 * kept up to a bound; beyond it they are dropped and counted: nobody waits for a log, and no memory grows by it.
 *
 * Every write appends whole lines, so that the workers of a cluster can share a file; to a pipe no more than it takes at
 * once.
 */
import { close, constants, fstatSync, open, openSync, write } from 'node:fs';
import { resolve } from 'node:path';

/** Lines are written at once when this much has come together, in characters. */
const enough = 65_536;
/**
 * So much goes to a pipe whole or not at all (PIPE_BUF of Linux; POSIX has at least 512), in bytes. What workers write to
 * one pipe is told apart by that alone: of a longer write a part may go first, and lines of others after it.
 */
const atomic = 4096;
/** How long lines are gathered, in ms. */
const gatherMs = 100;
/** How long a write waits after one that could not be done at once, in ms. */
const fullMs = 20;
/** The same after one that failed. */
const failedMs = 1000;
/** Time between two reports of lines that were dropped, in ms. */
const reportMs = 10_000;
/** How long `close` waits for what is left to be written, in ms. */
const closeMs = 2000;

const newline = 0x0a;
// Nothing blocks: neither to open a pipe that nobody reads nor to write to one that is full.
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
/** Addresses of clients are nobody's business but the group's. */
const mode = 0o640;

export interface LogFileOptions {
  /** `-` is standard output. */
  readonly path: string;
  /** How much may wait to be written, in characters. */
  readonly maxBuffered: number;
  /** Told of lines that were lost, and of a file that cannot be opened again. */
  readonly report: (message: string) => void;
}

export class LogFile {
  /** Absolute, or `-`. */
  readonly path: string;
  readonly #maxBuffered: number;
  readonly #report: (message: string) => void;
  #fd: number;
  /** Replaces `#fd` after the write in progress; -1 for none. */
  #nextFd = -1;
  #state: 'open' | 'closing' | 'closed' = 'open';
  /** Lines that wait, and how many. */
  #text = '';
  #lines = 0;
  /** What is being written, from `#offset` on; null where nothing is. */
  #chunk: Buffer | null = null;
  #offset = 0;
  /** A write is in progress. */
  #busy = false;
  /** The last write failed: the next one waits for the timer. */
  #resting = false;
  /** It is a pipe or a socket, which others may write to. */
  #isPipe = false;
  /** The last line in the file has no end. */
  #torn = false;
  #timer: NodeJS.Timeout | null = null;
  #dropped = 0;
  #unreported = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #closeTimer: NodeJS.Timeout | null = null;
  #onClosed: () => void = () => undefined;

  /** @throws ErrnoException where it cannot be opened */
  constructor({ path, maxBuffered, report }: LogFileOptions) {
    this.path = path === '-' ? path : resolve(path);
    this.#maxBuffered = maxBuffered;
    this.#report = report;
    // Node makes a pipe one that does not block when standard output is first asked for.
    this.#fd = path === '-' ? process.stdout.fd : openSync(this.path, flags, mode);
    this.#isPipe = isPipe(this.#fd);
  }

  /** Lines that were lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds a line; its end is added. */
  write(line: string): void {
    const waiting = this.#text.length + (this.#chunk === null ? 0 : this.#chunk.length);
    if (this.#state !== 'open' || waiting + line.length >= this.#maxBuffered) {
      this.#drop(1);
      this.#reportDropped();
      return;
    }
    this.#text += line;
    this.#text += '\n';
    this.#lines++;
    if (this.#chunk !== null || this.#resting) return;
    if (this.#text.length >= enough) this.#flush();
    else this.#timer ??= setTimeout(flush, gatherMs, this);
  }

  /** Opens the file again, as after `logrotate` has renamed it. Where that fails the open one stays. */
  reopen(): Promise<void> {
    if (this.path === '-' || this.#state !== 'open') return Promise.resolve();
    return new Promise((done) => {
      open(this.path, flags, mode, (error, fd) => {
        if (error === null) this.#replace(fd);
        else this.#report(`cannot reopen ${this.path}: ${error.message}; the open file stays`);
        done();
      });
    });
  }

  #replace(fd: number): void {
    if (this.#state === 'closed') {
      closeFile(fd);
      return;
    }
    if (this.#nextFd !== -1) closeFile(this.#nextFd);
    this.#nextFd = fd;
    // A line is not torn in two.
    if (this.#chunk === null) this.#useNext();
  }

  #useNext(): void {
    if (this.#nextFd === -1) return;
    closeFile(this.#fd);
    this.#fd = this.#nextFd;
    this.#nextFd = -1;
    this.#isPipe = isPipe(this.#fd);
    this.#torn = false;
  }

  /** Writes what is left, and closes the file. What cannot be written in two seconds is dropped. */
  close(): Promise<void> {
    if (this.#state !== 'open') return Promise.resolve();
    this.#state = 'closing';
    return new Promise((done) => {
      this.#onClosed = done;
      this.#closeTimer = setTimeout(() => this.#end(), closeMs);
      if (!this.#busy) this.#next(0);
    });
  }

  #end(): void {
    this.#state = 'closed';
    this.#clearTimer();
    if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
    this.#drop(this.#lines + this.#linesLeft());
    this.#text = '';
    this.#lines = 0;
    this.#reportedAt = Number.NEGATIVE_INFINITY;
    this.#reportDropped();
    if (!this.#busy) this.#release();
    this.#onClosed();
  }

  #release(): void {
    if (this.path === '-') return;
    closeFile(this.#fd);
    if (this.#nextFd !== -1) closeFile(this.#nextFd);
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** What comes after a write: another one, at once or after `ms`, or the end. */
  #next(ms: number): void {
    if (this.#chunk === null && this.#text === '') {
      if (this.#state === 'closing') this.#end();
    } else if (ms === 0) this.#flush();
    else this.#timer ??= setTimeout(flush, ms, this);
  }

  /** @internal The time has come. */
  onTime(): void {
    this.#flush();
  }

  #flush(): void {
    this.#clearTimer();
    this.#resting = false;
    if (this.#chunk === null) {
      this.#chunk = Buffer.from(this.#torn ? `\n${this.#text}` : this.#text);
      this.#offset = 0;
      this.#text = '';
      this.#lines = 0;
    }
    this.#busy = true;
    const { length } = this.#chunk;
    const size = this.#isPipe ? wholeLines(this.#chunk, this.#offset) : length - this.#offset;
    write(this.#fd, this.#chunk, this.#offset, size, null, (error, written) => {
      this.#busy = false;
      if (this.#state === 'closed') this.#release();
      else this.#onWritten(error, written);
    });
  }

  #onWritten(error: NodeJS.ErrnoException | null, written: number): void {
    if (error === null) {
      this.#offset += written;
      if (this.#offset < (this.#chunk as Buffer).length) this.#next(0);
      else {
        this.#endChunk(false);
        this.#reportDropped();
        const isDue = this.#state === 'closing' || this.#text.length >= enough;
        this.#next(isDue ? 0 : gatherMs);
      }
    } else if (error.code === 'EAGAIN') this.#next(fullMs);
    else {
      this.#report(`cannot write to ${this.#name}: ${error.message}`);
      this.#drop(this.#linesLeft());
      this.#endChunk(this.#offset > 0 && this.#chunk?.[this.#offset - 1] !== newline);
      this.#resting = true;
      this.#next(this.#state === 'closing' ? 0 : failedMs);
    }
  }

  #endChunk(torn: boolean): void {
    this.#chunk = null;
    this.#torn = torn;
    this.#useNext();
  }

  /** Lines of the write under way that have not left to their end. */
  #linesLeft(): number {
    const chunk = this.#chunk;
    if (chunk === null) return 0;
    let lines = 0;
    for (let at = this.#offset; at < chunk.length; at++) if (chunk[at] === newline) lines++;
    // The first of them ends what was torn.
    return this.#torn && this.#offset === 0 ? lines - 1 : lines;
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#unreported += lines;
  }

  #reportDropped(): void {
    if (this.#unreported === 0) return;
    const now = performance.now();
    if (now - this.#reportedAt < reportMs) return;
    this.#reportedAt = now;
    const lines = this.#unreported === 1 ? '1 line was' : `${this.#unreported} lines were`;
    this.#report(`${lines} dropped: ${this.#name} failed or does not take them fast enough`);
    this.#unreported = 0;
  }

  get #name(): string {
    return this.path === '-' ? 'standard output' : this.path;
  }
}

function isPipe(fd: number): boolean {
  const kind = fstatSync(fd);
  return kind.isFIFO() || kind.isSocket();
}

/** How many bytes from `offset` on make whole lines that a pipe takes at once; one line if it is longer. */
function wholeLines(chunk: Buffer, offset: number): number {
  if (chunk.length - offset <= atomic) return chunk.length - offset;
  const last = chunk.lastIndexOf(newline, offset + atomic - 1);
  return (last >= offset ? last : chunk.indexOf(newline, offset + atomic)) + 1 - offset;
}

function flush(file: LogFile): void {
  file.onTime();
}

function closeFile(fd: number): void {
  close(fd, () => undefined);
}

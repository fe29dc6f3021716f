/**
 * What is written to a peer's socket. Parts that come with one read, or in one turn of the event loop,
 * leave in one write: a response's head waits for the first bytes of its body, a chunk for its frame. Strings
 * are latin1.
 */
import type { Socket } from 'node:net';
import { timedOut } from '../errors/passed-limit.ts';
import type { ReverseItError } from '../errors/reverseit-error.ts';
import { deferUntilReadEnd, isReading } from '../io/read-end.ts';
import type { DeadlineQueue } from '../time/deadlines.ts';
import { SendWatch, type WatchedSender } from './send-watch.ts';

/** Up to here parts are copied into one buffer; beyond it they leave as a vector, uncopied. */
const coalesceBytes = 16384;

/** Writers with parts that wait for the end of the turn. */
let waiting: SocketWriter[] = [];

function flushWaiting(): void {
  const writers = waiting;
  waiting = [];
  for (const writer of writers) writer.flush();
}

/** Who writes. */
export interface SocketWriterOwner {
  /** The peer has taken nothing of what waits for it within the timeout, and must not hold it for ever. */
  abort(error: ReverseItError): void;
}

export class SocketWriter implements WatchedSender {
  readonly #socket: Socket;
  readonly #sendDeadlines: DeadlineQueue | null;
  readonly #owner: SocketWriterOwner | null;
  /** Made when the peer first takes no more. */
  #watch: SendWatch | null = null;
  #parts: (string | Buffer)[] = [];
  #bytes = 0;
  #flushed = 0;
  #scheduled = false;
  #stopped = false;

  /** Without deadlines, somebody else sees to a peer that takes nothing. */
  constructor(
    socket: Socket,
    sendDeadlines: DeadlineQueue | null = null,
    owner: SocketWriterOwner | null = null,
  ) {
    this.#socket = socket;
    this.#sendDeadlines = sendDeadlines;
    this.#owner = owner;
  }

  /** Nothing more should be written until the socket's `drain`. */
  get needsDrain(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Whether every write has been flushed: buffers that were written may be released. */
  get isFlushed(): boolean {
    return this.#parts.length === 0 && this.#socket.writableLength === 0;
  }

  /** Bytes that have left the socket, as far as it tells: it takes note of whole writes only. */
  get bytesTaken(): number {
    return this.#flushed - this.#socket.writableLength;
  }

  /** Adds a part. It leaves at the end of the read or turn, or at once when much has come together. */
  push(part: string | Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    this.#schedule();
  }

  /** Adds parts that leave together. */
  pushTogether(parts: readonly Buffer[]): void {
    for (const part of parts) {
      this.#parts.push(part);
      this.#bytes += part.length;
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#bytes >= coalesceBytes) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      if (!deferUntilReadEnd(this) && waiting.push(this) === 1) process.nextTick(flushWaiting);
    }
  }

  /**
   * Adds the last part of a message. It leaves at the end of the read, so that the answers to requests
   * that come together leave together; without one, at once.
   */
  pushLast(part: string | Buffer): void {
    if (isReading()) this.push(part);
    else this.pushAndFlush(part);
  }

  /** A message is complete: all of it leaves at the end of the read or, without one, at once. */
  finish(): void {
    if (!isReading()) this.flush();
  }

  /** Adds a part and what stands around it, to leave together. */
  pushFramed(before: string, part: Buffer, behind: string): void {
    this.#parts.push(before, part);
    this.#bytes += before.length + part.length;
    this.push(behind);
  }

  /** Writes a part together with all that waits. */
  pushAndFlush(part: string | Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    this.flush();
  }

  /** Writes all that waits. */
  flush(): void {
    this.#scheduled = false;
    const parts = this.#parts;
    const bytes = this.#bytes;
    const first = parts[0];
    if (first === undefined) return;
    this.#parts = [];
    this.#bytes = 0;
    this.#flushed += bytes;
    const socket = this.#socket;
    if (!socket.writable) return;
    if (parts.length === 1) {
      write(socket, first);
    } else if (bytes <= coalesceBytes) {
      socket.write(join(parts, bytes));
    } else {
      socket.cork();
      for (const part of parts) write(socket, part);
      socket.uncork();
    }
    if (socket.writableNeedDrain && !this.#stopped) this.#startWatch();
  }

  #startWatch(): void {
    if (this.#sendDeadlines === null) return;
    this.#watch ??= new SendWatch(this, this.#sendDeadlines);
    this.#watch.start();
  }

  /** All that was written has been taken. */
  onDrain(): void {
    this.#watch?.stop();
  }

  /** Nothing is awaited of the peer any more: whoever ends its connection waits for it by himself. */
  stop(): void {
    this.#stopped = true;
    this.#watch?.stop();
  }

  /** @internal */
  onSendTimeout(): void {
    this.#owner?.abort(timedOut('RIT_ERR_SEND_TIMEOUT', this.#sendDeadlines?.ms ?? 0));
  }
}

function write(socket: Socket, part: string | Buffer): void {
  if (typeof part === 'string') socket.write(part, 'latin1');
  else socket.write(part);
}

function join(parts: readonly (string | Buffer)[], bytes: number): Buffer {
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'string') at += whole.write(part, at, 'latin1');
    else {
      whole.set(part, at);
      at += part.length;
    }
  }
  return whole;
}

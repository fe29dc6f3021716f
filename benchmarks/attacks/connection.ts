/** One connection of an attack. */
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { pour, pourBytes } from './pour.ts';

/** What became of the connections of an attack. */
export interface Counts {
  /** Opened. */
  connections: number;
  /** Ended by the other side. */
  ended: number;
  /** The first status on each connection, `0` for one that ended without, and close codes. */
  answers: Record<string, number>;
  /** Bytes that were sent, and received. */
  sent: number;
  received: number;
}

/** How the attacker speaks: TLS in records of one byte sends a record for each byte of what is poured. */
export type Dialect = 'plain' | 'tls' | 'tls-bytes' | 'tls-http2';

export class FloodConnection {
  /** Where to write what the proxy shall read. */
  readonly stream: Duplex;
  readonly #dialect: Dialect;
  readonly #socket: Socket;
  readonly #counts: Counts;
  #onAnswer: (() => void) | null = null;
  #answered = false;
  #timer: NodeJS.Timeout | undefined;

  /** Connects; calls once the connection is there, and once it is gone again. */
  constructor(
    port: number,
    dialect: Dialect,
    counts: Counts,
    on: { open: (connection: FloodConnection) => void; close: () => void },
  ) {
    this.#counts = counts;
    this.#counts.connections += 1;
    this.#dialect = dialect;
    // Records of one byte are so many that the system has to gather them.
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: dialect !== 'tls-bytes' });
    this.stream = speak(dialect, this.#socket);
    this.stream.once(dialect === 'plain' ? 'connect' : 'secureConnect', () => on.open(this));
    this.stream.on('data', (chunk: Buffer) => this.#read(chunk)).on('error', ignore);
    this.#socket.on('error', ignore).on('close', () => {
      clearInterval(this.#timer);
      if (!this.#answered) this.#count('0');
      this.#counts.ended += 1;
      this.#account();
      on.close();
    });
  }

  /** Sends this once. */
  send(bytes: Buffer | string): void {
    if (this.stream.writable) this.stream.write(bytes);
  }

  /** Sends this over and over, as fast as it is taken. */
  pour(piece: Buffer | string): void {
    if (this.#dialect === 'tls-bytes') pourBytes(this.stream, piece);
    else pour(this.stream, piece);
  }

  /** Does something over and over. */
  every(ms: number, step: () => void): void {
    this.#timer = setInterval(step, ms);
  }

  /** Leaves once nothing has come for so many ms: what poured has dried up. */
  leaveWhenSilent(ms: number): void {
    let heard = 0;
    this.every(ms, () => {
      if (this.#socket.bytesRead === heard) this.reset();
      heard = this.#socket.bytesRead;
    });
  }

  /** Waits for the first bytes of an answer. */
  onAnswer(then: () => void): void {
    this.#onAnswer = then;
  }

  /** Reads no more. */
  pause(): void {
    this.stream.pause();
  }

  /** Leaves without a word. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Ends with the attack: what became of it does not count any more. */
  leave(): void {
    this.#socket.removeAllListeners('close');
    clearInterval(this.#timer);
    this.#account();
    this.#socket.destroy();
  }

  #account(): void {
    this.#counts.sent += this.#socket.bytesWritten - this.#socket.writableLength;
    this.#counts.received += this.#socket.bytesRead;
  }

  #read(chunk: Buffer): void {
    if (this.#answered) {
      // A close frame of a server, which is not masked.
      if (chunk[0] === 0x88 && chunk.length >= 4) this.#count(String(chunk.readUInt16BE(2)));
      return;
    }
    this.#answered = true;
    this.#count(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1', 0, 16))?.[1] ?? '?');
    this.#onAnswer?.();
  }

  #count(answer: string): void {
    this.#counts.answers[answer] = (this.#counts.answers[answer] ?? 0) + 1;
  }
}

function speak(dialect: Dialect, socket: Socket): Duplex {
  if (dialect === 'plain') return socket;
  const tls = connectTls({
    socket,
    rejectUnauthorized: false,
    ...(dialect === 'tls-http2' ? { ALPNProtocols: ['h2'] } : {}),
  });
  // Otherwise what waits would be put into one record.
  if (dialect === 'tls-bytes') Object.assign(tls, { _writev: null });
  return tls;
}

export function ignore(): void {
  // A connection that fails is closed.
}

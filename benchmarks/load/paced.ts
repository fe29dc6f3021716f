/**
 * Load at a fixed rate (an open loop): a request leaves when it is due, whether or not those before it were
 * answered, so that a proxy that stalls does not slow its own load. Latency counts from when the request was due.
 */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type LoadResult, summarizeLoad } from './http.ts';

export interface PacedLoad {
  readonly port: number;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Kept connections. */
  readonly connections: number;
  /** A whole request without a body. */
  readonly request: Buffer;
  /** Length of each response's body. */
  readonly bodyBytes: number;
}

/** Time between two looks at what is due, in ms. */
const tick = 1;
/** Longest wait for an answer, in ms. */
const patience = 10_000;

/** @throws where a response is no 200, or does not come */
export async function runPacedLoad(load: PacedLoad): Promise<LoadResult> {
  const idle = await Promise.all(
    Array.from({ length: load.connections }, () => Lane.open(load.port, load.bodyBytes)),
  );
  const all = [...idle];
  const latencies: number[] = [];
  const waiting: number[] = [];
  const total = Math.round(load.rate * load.seconds);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    let due = 0;
    const end = (error: Error | null): void => {
      clearInterval(timer);
      clearTimeout(limit);
      for (const lane of all) lane.close();
      if (error === null) resolve(summarizeLoad(latencies, performance.now() - started));
      else reject(error);
    };
    const send = (lane: Lane, since: number): void => {
      lane.ask(load.request, (error) => {
        if (error !== null) {
          end(error);
          return;
        }
        latencies.push(performance.now() - since);
        const next = waiting.shift();
        if (next !== undefined) send(lane, next);
        else idle.push(lane);
        if (latencies.length === total) end(null);
      });
    };
    const timer = setInterval(() => {
      const now = performance.now();
      const until = Math.min(total, Math.floor(((now - started) / 1000) * load.rate));
      for (; due < until; due++) {
        const lane = idle.pop();
        if (lane === undefined) waiting.push(now);
        else send(lane, now);
      }
    }, tick);
    const limit = setTimeout(
      () => end(new Error(`${latencies.length} of ${total} responses came in time`)),
      load.seconds * 1000 + patience,
    );
  });
}

type Answered = (error: Error | null) => void;

const headEnd = Buffer.from('\r\n\r\n');
const success = 'HTTP/1.1 200 ';

/** One connection, with one request under way at most. */
class Lane {
  readonly #socket: Socket;
  readonly #bodyBytes: number;
  #received: Buffer | null = null;
  #answered: Answered | null = null;

  private constructor(socket: Socket, bodyBytes: number) {
    this.#socket = socket;
    this.#bodyBytes = bodyBytes;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('close', () => this.#end(new Error('closes a connection')));
    socket.on('error', () => socket.destroy());
  }

  static open(port: number, bodyBytes: number): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Lane(socket, bodyBytes));
      });
    });
  }

  ask(request: Buffer, answered: Answered): void {
    this.#answered = answered;
    this.#socket.write(request);
  }

  close(): void {
    this.#answered = null;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    const received = this.#received === null ? chunk : Buffer.concat([this.#received, chunk]);
    const end = received.indexOf(headEnd);
    if (end === -1 || received.length < end + headEnd.length + this.#bodyBytes) {
      this.#received = received;
      return;
    }
    this.#received = null;
    const right = received.toString('latin1', 0, success.length) === success;
    this.#end(right ? null : new Error(`answers ${received.toString('latin1', 0, 20)}`));
  }

  #end(error: Error | null): void {
    const answered = this.#answered;
    this.#answered = null;
    answered?.(error);
  }
}

/** A client that means no harm: one request after the other, each over its own new or kept connection. */
import { connect, type Socket } from 'node:net';

const request = 'GET /honest/bytes/1000 HTTP/1.1\r\nHost: a\r\n\r\n';
/** A response is told by its end. */
const lastByte = 'a'.charCodeAt(0);
const contentBytes = 1000;
/** Longest wait for a response, in ms. */
const patience = 5000;

export class HonestClient {
  /** Of each response, in ms. */
  readonly latencies: number[] = [];
  failures = 0;
  readonly #port: number;
  #kept: Socket | null = null;
  #stopped = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** Asks until it is told to stop. */
  async run(): Promise<void> {
    for (let nth = 0; !this.#stopped; nth += 1) {
      // Every other one comes over a new connection.
      const socket = nth % 2 === 0 || this.#kept === null ? this.#connect() : this.#kept;
      const start = performance.now();
      if (await this.#ask(socket)) this.latencies.push(performance.now() - start);
      else this.failures += 1;
      if (this.#kept !== socket) this.#kept?.destroy();
      this.#kept = socket.destroyed ? null : socket;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#kept?.destroy();
  }

  stop(): void {
    this.#stopped = true;
  }

  #connect(): Socket {
    return connect({ port: this.#port, host: '127.0.0.1', noDelay: true }).on('error', ignore);
  }

  #ask(socket: Socket): Promise<boolean> {
    return new Promise((resolve) => {
      let received = '';
      const done = (served: boolean): void => {
        clearTimeout(timer);
        socket.off('data', onData).off('close', onClose);
        if (!served) socket.destroy();
        resolve(served);
      };
      const onData = (chunk: Buffer): void => {
        received += chunk.toString('latin1');
        const content = received.indexOf('\r\n\r\n') + 4;
        if (content < 4 || received.length < content + contentBytes) return;
        done(received.startsWith('HTTP/1.1 200 ') && received.charCodeAt(content) === lastByte);
      };
      const onClose = (): void => done(false);
      const timer = setTimeout(onClose, patience);
      socket.on('data', onData).on('close', onClose);
      socket.write(request);
    });
  }
}

function ignore(): void {
  // A connection that fails is closed.
}

/** The value below which so much of the sorted list is, in ms. */
export function percentile(list: readonly number[], share: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

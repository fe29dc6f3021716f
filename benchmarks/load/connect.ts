/** HTTP load with a new connection for each request, which autocannon does not count reliably. */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { connect as connectSecurely, createSecureContext } from 'node:tls';
import { type LoadResult, summarizeLoad } from './http.ts';

/** No TLS, a whole handshake for each connection, or one that resumes the session of the one before it. */
export type Handshake = 'none' | 'full' | 'resumed';

export interface ConnectLoad {
  readonly port: number;
  readonly connections: number;
  readonly amount: number;
  /** A whole request, which asks for the connection to be closed. */
  readonly request: Buffer;
  readonly tls?: Handshake;
}

/** @throws where any response is no 200, or a session is not resumed that should be, or the other way round */
export async function runConnectLoad(load: ConnectLoad): Promise<LoadResult> {
  const latencies: number[] = [];
  const started = performance.now();
  let left = load.amount;
  const lane = async (): Promise<void> => {
    const dial = dialOf(load);
    while (left-- > 0) {
      const begun = performance.now();
      await exchange(dial(), load.request);
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: load.connections }, lane));
  return summarizeLoad(latencies, performance.now() - started);
}

/** Whose certificate it is does not matter here. */
const secureContext = createSecureContext();

/** How a lane opens its connections. */
function dialOf({ port, tls = 'none' }: ConnectLoad): () => Socket {
  const address = { port, host: '127.0.0.1', noDelay: true };
  if (tls === 'none') return () => connect(address);
  let session: Buffer | undefined;
  return () => {
    const resumed = session !== undefined;
    const socket = connectSecurely({
      ...address,
      rejectUnauthorized: false,
      secureContext,
      ...(session === undefined ? {} : { session }),
    });
    socket.once('secureConnect', () => {
      if (socket.isSessionReused() !== resumed) socket.destroy(new Error('session not resumed'));
    });
    if (tls === 'resumed') {
      socket.once('session', (ticket) => {
        session = ticket;
      });
    }
    return socket;
  };
}

/** One connection, one request, until its response is whole. */
function exchange(socket: Socket, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    // Over TLS it leaves once the handshake is done.
    socket.write(request);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (isWhole(received)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (received.startsWith('HTTP/1.1 200') && isWhole(received)) resolve();
      else reject(new Error(`not a whole 200: ${received.slice(0, 80)}`));
    });
  });
}

/** Whether head and body, of a length that is told, have come. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  return length !== undefined && text.length >= end + 4 + Number(length);
}

/** HTTP load with a new connection for each request, which autocannon does not count reliably. */
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type LoadResult, summarizeLoad } from './http.ts';

export interface ConnectLoad {
  readonly port: number;
  readonly connections: number;
  readonly amount: number;
  /** A whole request, which asks for the connection to be closed. */
  readonly request: Buffer;
}

/** @throws where any response is no 200 */
export async function runConnectLoad(load: ConnectLoad): Promise<LoadResult> {
  const latencies: number[] = [];
  const started = performance.now();
  let left = load.amount;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const begun = performance.now();
      await exchange(load);
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: load.connections }, worker));
  return summarizeLoad(latencies, performance.now() - started);
}

/** One connection, one request, until its response is whole. */
function exchange({ port, request }: ConnectLoad): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request));
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

/** Whether head and content, of a length that is told, have come. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  return length !== undefined && text.length >= end + 4 + Number(length);
}

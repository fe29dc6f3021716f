/**
 * A load generator that costs little: keep-alive connections that each send the same bytes and wait for
 * a response of known length before they send again.
 */
import { connect, type Socket } from 'node:net';

export interface HttpLoad {
  readonly port: number;
  readonly connections: number;
  /** Requests over all connections. */
  readonly requests: number;
  readonly request: Buffer;
}

/** Runs the load; resolves with its duration in ms. Rejects when a response is not a 200 or a connection ends. */
export function runHttpLoad({ port, connections, requests, request }: HttpLoad): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const sockets: Socket[] = [];
    let left = requests;
    let underWay = 0;
    const end = (error?: Error): void => {
      for (const socket of sockets) socket.destroy();
      if (error === undefined) resolve(performance.now() - started);
      else reject(error);
    };
    for (let i = 0; i < connections; i++) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      sockets.push(socket);
      let received = '';
      const next = (): void => {
        if (left === 0) {
          if (underWay === 0) end();
          return;
        }
        left--;
        underWay++;
        socket.write(request);
      };
      socket.on('connect', next);
      socket.on('error', end);
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        const total = responseLength(received);
        if (total === -1 || received.length < total) return;
        if (!received.startsWith('HTTP/1.1 200')) {
          end(new Error(`not a 200: ${received.slice(0, 100)}`));
          return;
        }
        received = '';
        underWay--;
        next();
      });
    }
  });
}

/** Length of head and content; -1 while the head is incomplete. */
function responseLength(text: string): number {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return -1;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end + 2))?.[1];
  return end + 4 + Number(length ?? 0);
}

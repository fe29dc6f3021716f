/**
 * WebSocket load: connections that each send a masked binary frame and wait for its echo before they
 * send the next. Frames are made once, so that the generator costs little.
 */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type LoadResult, summarizeLoad } from './http.ts';

export interface WebSocketLoad {
  readonly port: number;
  readonly connections: number;
  /** Messages over all connections. */
  readonly amount: number;
  readonly payloadBytes: number;
  readonly text: boolean;
}

const handshake = Buffer.from(
  [
    'GET /ws HTTP/1.1',
    'Host: www.example.org',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n'),
);

/** A whole masked frame of letters. */
export function makeFrame(payloadBytes: number, text: boolean): Buffer {
  const opcode = 0x80 | (text ? 1 : 2);
  const key = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  const head =
    payloadBytes < 126
      ? Buffer.from([opcode, 0x80 | payloadBytes])
      : payloadBytes < 65536
        ? Buffer.from([opcode, 0x80 | 126, payloadBytes >> 8, payloadBytes & 0xff])
        : Buffer.concat([Buffer.from([opcode, 0x80 | 127, 0, 0, 0, 0]), uint32(payloadBytes)]);
  const payload = Buffer.alloc(payloadBytes, 'a');
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (key[i & 3] ?? 0);
  return Buffer.concat([head, key, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Opens a WebSocket; resolves once it is open. */
export function openWebSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () =>
      socket.write(handshake),
    );
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      if (head.startsWith('HTTP/1.1 101')) resolve(socket);
      else reject(new Error(`no WebSocket: ${head.slice(0, 80)}`));
    };
    socket.on('data', onData).on('error', reject);
  });
}

export async function runWebSocketLoad(load: WebSocketLoad): Promise<LoadResult> {
  const frame = makeFrame(load.payloadBytes, load.text);
  // The echo comes without its mask of four bytes.
  const echoBytes = frame.length - 4;
  const sockets = await Promise.all(
    Array.from({ length: load.connections }, () => openWebSocket(load.port)),
  );
  const started = performance.now();
  const latencies: number[] = [];
  let left = load.amount;
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let received = 0;
          let sentAt = 0;
          const next = (): void => {
            if (left-- <= 0) {
              socket.destroy();
              resolve();
              return;
            }
            sentAt = performance.now();
            socket.write(frame);
          };
          socket.on('error', reject);
          socket.on('close', () => resolve());
          socket.on('data', (chunk: Buffer) => {
            received += chunk.length;
            if (received < echoBytes) return;
            received = 0;
            latencies.push(performance.now() - sentAt);
            next();
          });
          next();
        }),
    ),
  );
  if (latencies.length < load.amount) {
    throw new Error(`${latencies.length} of ${load.amount} messages came back`);
  }
  return summarizeLoad(latencies, performance.now() - started);
}

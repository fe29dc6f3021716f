/** Connections that are used once and then kept idle. */
import { spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import {
  block,
  clientPreface,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
} from '@reverseit/test-servers/http2-frames';
import { makeFrame, openWebSocket as openUnused } from './websocket.ts';

const request = Buffer.from(
  'GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n',
);
/** The preface, SETTINGS, and the same request on the first stream. */
const http2Request = Buffer.concat([
  clientPreface(),
  frame(
    HEADERS,
    END_HEADERS | END_STREAM,
    1,
    block(
      ...[':method', 'GET', ':scheme', 'https', ':path', '/hello', ':authority', 'localhost'],
      ...['user-agent', 'idle', 'accept', '*/*'],
    ),
  ),
]);
/** The end of a response. */
const responseEnd = 'a'.repeat(24);

const message = makeFrame(100, true);
/** The echo comes without its mask of four bytes. */
const echoBytes = message.length - 4;

/** A kept connection that has brought one response. */
export const openHttp = (port: number): Promise<Socket> =>
  used(connect(port, '127.0.0.1'), 'connect', request);

/** The same over TLS. */
export const openSecure = (port: number): Promise<Socket> =>
  used(secureConnection(port, 'http/1.1'), 'secureConnect', request);

/** A connection of HTTP/2 over TLS that has brought one response. */
export const openHttp2 = (port: number): Promise<Socket> =>
  used(secureConnection(port, 'h2'), 'secureConnect', http2Request);

const secureConnection = (port: number, protocol: string): Socket =>
  connectSecurely({
    ...{ port, host: '127.0.0.1', ALPNProtocols: [protocol] },
    rejectUnauthorized: false,
  });

const used = (socket: Socket, event: string, bytes: Buffer): Promise<Socket> =>
  new Promise((resolve, reject) => {
    socket.once(event, () => socket.write(bytes));
    let received = '';
    socket.on('error', reject).on('close', () => reject(new Error('closes a connection')));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.endsWith(responseEnd)) resolve(socket);
    });
  });

/** A WebSocket that has brought one echo. */
export async function openWebSocket(port: number): Promise<Socket> {
  const socket = await openUnused(port);
  return new Promise((resolve, reject) => {
    let received = 0;
    socket.on('error', reject).on('close', () => reject(new Error('closes a WebSocket')));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received >= echoBytes) resolve(socket);
    });
    socket.write(message);
  });
}

/** Opened at a time, fewer than a pool has. */
export const batch = 40;

/** File descriptors for all else. */
const otherFiles = 1000;

/** As many as wanted, or can be had: a relay needs two file descriptors for each connection. */
export function affordable(wanted: number): number {
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout);
  return limit > 0 ? Math.min(wanted, Math.floor((limit - otherFiles) / 2)) : wanted;
}

/** Opens so many, a batch at a time. */
export async function openMany(
  open: (port: number) => Promise<Socket>,
  port: number,
  count: number,
): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const next = Math.min(batch, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: next }, () => open(port)))));
  }
  return sockets;
}

/** Keeps so many open, or as many as can be had, until it is told to close them. */
export async function openIdle(port: number, wanted: number): Promise<() => void> {
  const sockets = await openMany(openHttp, port, affordable(wanted));
  for (const socket of sockets) socket.removeAllListeners('close');
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

/** Connections that are used once and then kept idle. */
import { connect, type Socket } from 'node:net';
import { makeFrame, openWebSocket as openUnused } from './websocket.ts';

const request = Buffer.from(
  'GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n',
);
/** The end of a response. */
const responseEnd = 'a'.repeat(24);

const message = makeFrame(100, true);
/** The echo comes without its mask of four bytes. */
const echoBytes = message.length - 4;

/** A kept connection that has brought one response. */
export const openHttp = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
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

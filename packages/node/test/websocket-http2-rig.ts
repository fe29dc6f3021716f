/** WebSockets on streams of HTTP/2 (RFC 8441), with a session of `node:http2` as the client. */
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import { deferred, eventually, guarded } from '@reverseit/test-servers';
import { FramePeer } from '@reverseit/test-servers/frame-peer';
import { SocketReader } from '@reverseit/test-servers/socket-reader';
import { afterEach, expect } from 'vitest';
import { closeSessions } from './http2-clients-rig.ts';
import { type RigOptions, useWebSocketRig, type WebSocketRig } from './websocket-rig.ts';

/** Starts rigs whose proxy speaks HTTP/2 in the clear. */
export function useHttp2Rig(): (options?: RigOptions) => Promise<WebSocketRig> {
  const start = useWebSocketRig();
  afterEach(closeSessions);
  return (options = {}) => start({ ...options, proxy: { protocols: ['http2'], ...options.proxy } });
}

/** Asks for a WebSocket, or for what the fields say. */
export function ask(
  session: ClientHttp2Session,
  fields: OutgoingHttpHeaders = {},
): ClientHttp2Stream {
  const handshake = {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/chat',
    'sec-websocket-version': '13',
  };
  return session.request({ ...handshake, ...fields }, { endStream: false });
}

/** As far as a test looks, a stream is a socket. */
export function readerOf(stream: ClientHttp2Stream): SocketReader {
  return new SocketReader(stream as unknown as Socket, { name: 'client' });
}

/** A WebSocket on a stream of its own, by a client and to the backend. */
export async function openOn(
  rig: WebSocketRig,
  session: ClientHttp2Session,
  fields: OutgoingHttpHeaders = {},
) {
  const index = rig.acceptedCount;
  const stream = ask(session, fields);
  const answered = deferred<IncomingHttpHeaders>();
  stream.on('response', answered.resolve);
  const socket = stream as unknown as Socket;
  const client = new FramePeer('client', { socket, reader: readerOf(stream) });
  const headers = await guarded(answered.promise, 'the response');
  expect(headers[':status']).toBe(200);
  return { stream, client, headers, backend: await rig.backend(index) };
}

/** The code with which a stream was closed. */
export async function closeOf(stream: ClientHttp2Stream): Promise<number | undefined> {
  await eventually(() => stream.closed && stream.destroyed, 'the stream to close');
  return stream.rstCode;
}

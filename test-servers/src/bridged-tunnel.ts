/**
 * One WebSocket of a bridge: a socket of HTTP/1.1 on one side, a stream of HTTP/2 on the other. What happens to one
 * happens to the other (RFC 8441 §5): bytes are DATA, FIN is END_STREAM, RST is RST_STREAM with CANCEL, and who does
 * not read is not read for.
 */
import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { hiddenReset } from './hidden-reset.ts';
import { resetSocket } from './reset-socket.ts';

/** A handshake over HTTP/1.1, as a stream of HTTP/2 asks for the same. */
export interface BridgedHandshake {
  /** Names and values in turn, pseudo-header fields first. */
  readonly fields: string[];
  /** What the client wants to see proven. */
  readonly key: string;
  /** Frames that came with the head. */
  readonly early: Buffer;
}

/** What is the connection's over HTTP/1.1, and what RFC 8441 §5 leaves out. */
const dropped = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'sec-websocket-key',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Translates a head, of which `bytes` holds all; null as long as it does not. */
export function readHandshake(bytes: Buffer, scheme: string): BridgedHandshake | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [line = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, target = '/'] = line.split(' ');
  const regular: string[] = [];
  const special = new Map<string, string>();
  for (const text of lines) {
    const colon = text.indexOf(':');
    const name = text.slice(0, colon).toLowerCase();
    const value = text.slice(colon + 1).trim();
    if (dropped.has(name)) special.set(name, value);
    else regular.push(name, value);
  }
  const pseudo = [
    [':method', 'CONNECT'],
    [':protocol', special.get('upgrade') ?? 'websocket'],
    [':scheme', scheme],
    [':authority', special.get('host') ?? ''],
    [':path', target],
  ].flat();
  return {
    fields: [...pseudo, ...regular],
    key: special.get('sec-websocket-key') ?? '',
    early: bytes.subarray(end + 4),
  };
}

/** The head of a response over HTTP/1.1, from the fields of one over HTTP/2. */
function responseHead(status: number, key: string, fields: readonly string[]): string {
  const lines =
    status === 200
      ? [
          'HTTP/1.1 101 Switching Protocols',
          'Upgrade: websocket',
          'Connection: Upgrade',
          `Sec-WebSocket-Accept: ${acceptOf(key)}`,
        ]
      : [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, 'Connection: close'];
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== ':status') lines.push(`${fields[i]}: ${fields[i + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** Relays until both are closed. The socket is paused, and its handshake has been sent on the stream. */
export function joinTunnel(
  socket: Socket,
  stream: ClientHttp2Stream,
  { key, early }: BridgedHandshake,
): void {
  stream.on('error', ignore);
  stream.on('response', (_headers: IncomingHttpHeaders, _flags: number, fields: string[]) => {
    const status = Number(fields[fields.indexOf(':status') + 1]);
    socket.write(responseHead(status, key, fields), 'latin1');
    // Not before: content may come in the same turn, and events of a response wait for the next.
    stream.on('data', (chunk: Buffer) => {
      if (!socket.write(chunk)) stream.pause();
    });
    socket.on('drain', () => stream.resume());
    stream.on('end', () => socket.end());
  });
  stream.on('close', () => {
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || !stream.readableEnded) {
      if (!socket.destroyed) resetSocket(socket);
    }
  });
  socket.on('data', (chunk: Buffer) => {
    if (stream.writable && !stream.write(chunk)) socket.pause();
  });
  stream.on('drain', () => socket.resume());
  const onEnd = (): void => {
    if (hiddenReset(socket) === null) stream.end();
    else socket.destroy();
  };
  socket.on('end', onEnd);
  socket.on('close', () => {
    // Who has sent all, and was told all, is missing nothing: what is on its way still arrives.
    const isOver = socket.readableEnded && socket.writableFinished;
    if (!isOver) stream.close(constants.NGHTTP2_CANCEL);
  });
  if (early.length > 0) stream.write(early);
  // What happened while there was no stream yet: a socket ends though it is paused.
  if (socket.destroyed) stream.close(constants.NGHTTP2_CANCEL);
  else if (socket.readableEnded) onEnd();
  else socket.resume();
}

function ignore(): void {
  // `close` follows.
}

/**
 * A backend that expects a PROXY protocol header on each connection. It answers a request with what the header
 * said, and a WebSocket handshake with a text message of the same. The header is read by node:net's own means
 * and not by the code under test.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer, isIP, type Socket, SocketAddress } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { KeyPair } from './certificates.ts';
import { closed, opened } from './registry.ts';

/** What a header said. */
export interface SeenHeader {
  readonly version: 1 | 2;
  readonly command: 'proxy' | 'local' | 'unknown';
  /** `address:port`; empty where there is none. */
  readonly source: string;
  readonly destination: string;
  /** Type in hex, and value in latin1. */
  readonly fields: readonly (readonly [string, string])[];
}

/** The answer to a request. */
export interface HeaderedAnswer extends SeenHeader {
  /** Number of the connection, from 0. */
  readonly connection: number;
  readonly target: string;
  readonly body: string;
}

export interface HeaderedBackendOptions {
  readonly tls?: KeyPair;
  /** A Unix socket instead of a port. */
  readonly path?: string;
  /** What becomes of a request, before it is answered. */
  readonly onRequest?: (request: IncomingMessage, answer: () => void) => void;
}

export interface HeaderedBackend {
  readonly url: string;
  /** Of each connection that was accepted. */
  readonly headers: readonly SeenHeader[];
  /** Connections that are open. */
  readonly open: number;
  close(): Promise<void>;
}

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const maxHeader = 4096;

/** The header that some bytes begin with, and its length; null where more is awaited. */
export function readSeenHeader(bytes: Buffer): { header: SeenHeader; length: number } | null {
  if (bytes.subarray(0, 12).equals(signature)) return readBinary(bytes);
  const end = bytes.indexOf('\r\n');
  if (end === -1) return null;
  const line = bytes.toString('latin1', 0, end);
  const [name, family, from = '', to = '', fromPort, toPort] = line.split(' ');
  if (name !== 'PROXY') throw new Error(`no PROXY header: ${JSON.stringify(line)}`);
  const isUnknown = family === 'UNKNOWN';
  if (!isUnknown && isIP(from) !== Number(family?.slice(3))) throw new Error(`malformed: ${line}`);
  const header: SeenHeader = {
    version: 1,
    command: isUnknown ? 'unknown' : 'proxy',
    source: isUnknown ? '' : `${short(from)}:${fromPort}`,
    destination: isUnknown ? '' : `${short(to)}:${toPort}`,
    fields: [],
  };
  return { header, length: end + 2 };
}

/** As Node writes an IPv6 address. */
const short = (address: string): string =>
  isIP(address) === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address;

function readBinary(bytes: Buffer): { header: SeenHeader; length: number } | null {
  if (bytes.length < 16) return null;
  const length = 16 + bytes.readUInt16BE(14);
  if (bytes.length < length) return null;
  const family = bytes[13];
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : 0;
  const end = (nth: number): string => {
    if (size === 0) return '';
    const part = bytes.subarray(16 + nth * size, 16 + (nth + 1) * size);
    const groups = part.toString('hex').match(/.{4}/g) ?? [];
    const address = size === 4 ? part.join('.') : short(groups.join(':'));
    return `${address}:${bytes.readUInt16BE(16 + 2 * size + 2 * nth)}`;
  };
  const fields: [string, string][] = [];
  for (let at = 16 + (size === 0 ? 0 : 2 * size + 4); at < length; ) {
    const until = at + 3 + bytes.readUInt16BE(at + 1);
    fields.push([bytes.toString('hex', at, at + 1), bytes.toString('latin1', at + 3, until)]);
    at = until;
  }
  const command = bytes[12] === 0x20 ? 'local' : 'proxy';
  return {
    header: { version: 2, command, source: end(0), destination: end(1), fields },
    length,
  };
}

const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export async function startHeaderedBackend(
  options: HeaderedBackendOptions = {},
): Promise<HeaderedBackend> {
  const headers: SeenHeader[] = [];
  const open = new Set<Socket>();
  const numbers = new WeakMap<object, number>();
  const { onRequest = (_, answer) => answer() } = options;

  const answerOf = (request: IncomingMessage, body: string): string => {
    const connection = numbers.get(socketOf(request.socket)) ?? -1;
    const answer: HeaderedAnswer = {
      ...(headers[connection] as SeenHeader),
      connection,
      target: request.url ?? '',
      body,
    };
    return JSON.stringify(answer);
  };
  const http = createHttpServer({ keepAliveTimeout: 0 }, (request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('error', () => undefined);
    request.on('end', () => onRequest(request, () => response.end(answerOf(request, body))));
  });
  http.on('upgrade', (request, socket) => {
    const key = `${request.headers['sec-websocket-key']}${magic}`;
    const accept = createHash('sha1').update(key).digest('base64');
    const lines = ['HTTP/1.1 101 Switching Protocols', 'connection: upgrade', 'upgrade: websocket'];
    socket.write(`${[...lines, `sec-websocket-accept: ${accept}`].join('\r\n')}\r\n\r\n`);
    const text = Buffer.from(answerOf(request, ''));
    socket.write(
      Buffer.concat([Buffer.from([0x81, 126, text.length >> 8, text.length & 255]), text]),
    );
    socket.on('error', () => undefined).resume();
  });
  const secure = options.tls === undefined ? null : createTlsServer(options.tls);
  secure?.on('secureConnection', (socket) => http.emit('connection', socket));
  secure?.on('tlsClientError', () => undefined);

  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    let bytes = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      let read: ReturnType<typeof readSeenHeader>;
      try {
        read = readSeenHeader(bytes);
      } catch {
        socket.destroy();
        return;
      }
      if (read === null && bytes.length < maxHeader) return;
      if (read === null) {
        socket.destroy();
        return;
      }
      socket.off('data', onData).pause();
      numbers.set(socket, headers.push(read.header) - 1);
      if (bytes.length > read.length) socket.unshift(bytes.subarray(read.length));
      (secure ?? http).emit('connection', socket);
      if (secure === null) socket.resume();
    };
    socket.on('data', onData);
  });
  if (options.path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(options.path);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 80;
  const backend: HeaderedBackend = {
    url: `${secure === null ? 'http' : 'https'}://127.0.0.1:${port}`,
    headers,
    get open() {
      return open.size;
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      http.closeAllConnections();
      if (server.listening) await once(server, 'close');
      closed(backend);
    },
  };
  opened(backend, () => `headered backend on port ${port}`);
  return backend;
}

/** The socket that was accepted: TLS has it below itself. */
function socketOf(socket: Socket): object {
  const parent = (socket as { _parent?: Socket })._parent;
  return socket instanceof TLSSocket && parent !== undefined ? parent : socket;
}

/**
 * Serves a request as if it did not offer another protocol (RFC 9110 §7.8). Once a server of Node has told of
 * an `upgrade`, it has let go of the connection: no route of the application sees the request, its content is
 * not read, and no other request follows. So the request is put back without its offer, and the server
 * is handed the connection again.
 */
import { EventEmitter } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { equalsIgnoreCase } from '@reverseit/core/http';

/** Requests that have been put back: several handlers may listen to one server. */
const putBack = new WeakSet<IncomingMessage>();

/**
 * Hands the connection back to its server, with the request in front of what follows it. False where that
 * cannot be done: a server that nobody knows, or content that Node reads on its own.
 */
export function serveWithoutOffer(
  request: IncomingMessage,
  stream: Duplex,
  following: Buffer,
): boolean {
  const { server } = stream as { readonly server?: unknown };
  if (putBack.has(request)) return true;
  if (!(server instanceof EventEmitter) || !(stream instanceof Socket)) return false;
  putBack.add(request);
  stream.unshift(Buffer.concat([Buffer.from(headOf(request), 'latin1'), following]));
  handBack(server, stream);
  return true;
}

/** What `node:http` does with a connection, apart from telling the application of it, which knows it already. */
const { _connectionListener: serve } = http as {
  readonly _connectionListener?: (this: EventEmitter, socket: Socket) => void;
};

function handBack(server: EventEmitter, socket: Socket): void {
  if (serve !== undefined) serve.call(server, socket);
  // As it is documented for connections from elsewhere.
  else server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', socket);
}

function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    // RFC 9113 §3.1: the settings belong to the offer.
    if (equalsIgnoreCase(name, 'upgrade') || equalsIgnoreCase(name, 'http2-settings')) continue;
    if (!equalsIgnoreCase(name, 'connection')) head += `${name}: ${value}\r\n`;
    else head += connectionLine(name, value);
  }
  return `${head}\r\n`;
}

function connectionLine(name: string, value: string): string {
  const rest = value.split(',').filter((member) => !isOffer(member.trim()));
  return rest.length === 0 ? '' : `${name}: ${rest.join(',').trim()}\r\n`;
}

function isOffer(member: string): boolean {
  return equalsIgnoreCase(member, 'upgrade') || equalsIgnoreCase(member, 'http2-settings');
}

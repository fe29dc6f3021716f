/**
 * Serves a request as if it did not offer another protocol (RFC 9110 §7.8). Once a server of Node has told of
 * an `upgrade`, it has let go of the connection: no route of the application sees the request, its body is
 * not read, and no other request follows. So the request is put back without its offer, and the server
 * is handed the connection again.
 */
import { EventEmitter } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { equalsIgnoreCase, hasField } from '@reverseit/core/http';
import { serveAgain } from '../node-internals/connection-listener.ts';

/** From this version on, Node reads the body of a request before it lets go of the connection. */
const readsBody = Number.parseInt(process.versions.node, 10) >= 26;

/** Requests that have been put back: several handlers may listen to one server. */
const putBack = new WeakSet<IncomingMessage>();

/** `following` is what came after the request. False for a connection whose server nobody knows. */
export function serveWithoutOffer(
  request: IncomingMessage,
  stream: Duplex,
  following: Buffer,
): boolean {
  if (putBack.has(request)) return true;
  const { socket } = request;
  const { server } = socket as { readonly server?: unknown };
  if (!(server instanceof EventEmitter) || !(socket instanceof Socket)) return false;
  putBack.add(request);
  if (stream === socket) {
    const head = Buffer.from(headOf(request), 'latin1');
    socket.unshift(Buffer.concat([head, ...bodyOf(request), following]));
    serveAgain(server, socket);
  } else serveLast(server, request, socket);
  return true;
}

/** A request whose body Node is still reading. What follows it cannot be had, so that it is the last. */
function serveLast(server: EventEmitter, request: IncomingMessage, socket: Socket): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => socket.destroySoon());
  if (!/^100-continue$/i.test(request.headers.expect ?? '')) {
    server.emit('request', request, response);
  } else if (!server.emit('checkContinue', request, response)) {
    response.writeContinue();
    server.emit('request', request, response);
  }
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

/** What Node has read of the body, framed as it was. */
function bodyOf(request: IncomingMessage): Buffer[] {
  if (!readsBody) return [];
  const body: Buffer | null = request.read();
  if (!hasField(request.rawHeaders, 'transfer-encoding')) return body === null ? [] : [body];
  const { rawTrailers } = request;
  let end = '0\r\n';
  for (let i = 0; i < rawTrailers.length; i += 2) {
    end += `${rawTrailers[i]}: ${rawTrailers[i + 1]}\r\n`;
  }
  const last = Buffer.from(`${end}\r\n`, 'latin1');
  if (body === null) return [last];
  return [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n'), last];
}

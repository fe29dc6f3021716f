/** The opening handshake of both roles, spelled out (RFC 6455 §4); after it a `FramePeer`. */
import { createHash, randomBytes } from 'node:crypto';
import { FramePeer } from './frame-peer.ts';
import { connectRaw, type RawClient, type RawClientOptions } from './raw-client.ts';
import type { RawRequest } from './request-reader.ts';
import type { RawResponse } from './response-reader.ts';
import type { OriginConnection, Step } from './scripted-origin.ts';

export interface HandshakeOptions {
  /** Default: `/ws`. */
  readonly target?: string;
  /** Default: `localhost`. */
  readonly hostField?: string;
  /** Default: sixteen random bytes in base64. */
  readonly key?: string;
  /** Further complete field lines without their CRLF. */
  readonly fields?: readonly string[];
  /** All field lines, in place of the usual ones. */
  readonly onlyFields?: readonly string[];
  /** Bytes sent right after the handshake, in the same write. */
  readonly early?: Uint8Array;
}

/** The server answered with something else than 101; its connection may still be read. */
export class HandshakeRefusedError extends Error {
  override readonly name = 'HandshakeRefusedError';
  readonly response: RawResponse;
  readonly client: RawClient;

  constructor(response: RawResponse, client: RawClient) {
    super(`the handshake was answered with ${response.status}: ${response.text}`);
    this.response = response;
    this.client = client;
  }
}

/** `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2). */
export function acceptKey(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** A client's handshake as bytes. */
export function handshakeRequest(options: HandshakeOptions = {}): string {
  const key = options.key ?? randomBytes(16).toString('base64');
  const usual = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
  ];
  const lines = [
    `GET ${options.target ?? '/ws'} HTTP/1.1`,
    `Host: ${options.hostField ?? 'localhost'}`,
    ...(options.onlyFields ?? usual),
    ...(options.fields ?? []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A client's end after its handshake. */
export class FrameClient extends FramePeer {
  /** The 101. */
  readonly response: RawResponse;

  constructor(client: RawClient, response: RawResponse) {
    super('client', client);
    this.response = response;
  }
}

/** Connects, shakes hands, and checks the answer; throws `HandshakeRefusedError` for any but a 101. */
export async function connectFrames(
  options: RawClientOptions & HandshakeOptions,
): Promise<FrameClient> {
  const key = options.key ?? randomBytes(16).toString('base64');
  const client = await connectRaw({ name: 'websocket client', ...options });
  try {
    const request = Buffer.from(handshakeRequest({ ...options, key }), 'latin1');
    client.send(options.early === undefined ? request : Buffer.concat([request, options.early]));
    const response = await client.readResponse();
    if (response.status !== 101) throw new HandshakeRefusedError(response, client);
    const accept = response.header('sec-websocket-accept');
    if (accept !== acceptKey(key)) throw new Error(`Sec-WebSocket-Accept: ${accept ?? 'missing'}`);
    if (response.header('upgrade')?.toLowerCase() !== 'websocket') {
      throw new Error(`Upgrade: ${response.header('upgrade') ?? 'missing'}`);
    }
    return new FrameClient(client, response);
  } catch (error) {
    if (!(error instanceof HandshakeRefusedError)) await client.close();
    throw error;
  }
}

export interface AcceptOptions {
  /** Further complete field lines without their CRLF. */
  readonly fields?: readonly string[];
  /** Default: the right one. */
  readonly accept?: string;
  /** All bytes of the answer, in place of the usual 101. */
  readonly answer?: string | Uint8Array;
  /** Bytes sent right after the 101, in the same write. */
  readonly early?: Uint8Array;
}

/** A server's end after its handshake. */
export class FrameOrigin extends FramePeer {
  /** The client's handshake. */
  readonly request: RawRequest;

  constructor(connection: OriginConnection, request: RawRequest) {
    super('server', connection);
    this.request = request;
  }
}

/** Reads a handshake on an origin's connection and answers it. */
export async function acceptFrames(
  connection: OriginConnection,
  options: AcceptOptions = {},
): Promise<FrameOrigin> {
  const request = await connection.expectRequest();
  const accept = options.accept ?? acceptKey(request.header('sec-websocket-key') ?? '');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    ...(options.fields ?? []),
  ];
  const answer = options.answer ?? `${lines.join('\r\n')}\r\n\r\n`;
  const bytes = typeof answer === 'string' ? Buffer.from(answer, 'latin1') : answer;
  await connection.send(Buffer.concat([bytes, options.early ?? Buffer.alloc(0)]));
  return new FrameOrigin(connection, request);
}

/** A script that accepts a WebSocket and hands it over. */
export const webSocket =
  (use: (peer: FrameOrigin) => unknown, options: AcceptOptions = {}): Step =>
  async (connection) =>
    use(await acceptFrames(connection, options));

/** A script that accepts a WebSocket and sends every data frame back as it came. */
export const echoFrames = (options: AcceptOptions = {}): Step =>
  webSocket(async (peer) => {
    while (await peer.reader.hasMore()) {
      const { opcode, fin, rsv, payload } = await peer.readFrame();
      if (opcode === 0x9) await peer.send({ opcode: 0xa, payload });
      else if (opcode !== 0xa) await peer.send({ opcode, fin, rsv, payload });
      if (opcode === 0x8) {
        peer.socket.end();
        return;
      }
    }
  }, options);

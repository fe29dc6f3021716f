/** A proxy that HTTP/2 clients speak to: over TLS by ALPN, and in the clear by prior knowledge. */
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { deferred, guarded } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import type { ReverseItOptions } from '../src/index.ts';

/** Options of a listener, by what its clients speak. */
export const listeners = {
  'over TLS': (): Partial<ReverseItOptions> => ({
    protocols: ['http2', 'http1'],
    tls: testCertificates().server,
  }),
  'in the clear': (): Partial<ReverseItOptions> => ({ protocols: ['http2'] }),
} as const;
export type ListenerKind = keyof typeof listeners;
export const listenerKinds = Object.keys(listeners) as ListenerKind[];

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly interim: readonly IncomingHttpHeaders[];
  readonly trailers: IncomingHttpHeaders | null;
  readonly body: Buffer;
}

/** Sessions of `node:http2` that a test opens; closed by `closeSessions`. */
const sessions = new Set<ClientHttp2Session>();

export async function openSession(
  kind: ListenerKind,
  port: number,
  options: object = {},
): Promise<ClientHttp2Session> {
  const scheme = kind === 'over TLS' ? 'https' : 'http';
  const { ca } = testCertificates();
  const session = connect(`${scheme}://127.0.0.1:${port}`, { ca, ...options });
  session.on('error', () => {});
  sessions.add(session);
  await guarded(once(session, 'remoteSettings'), 'the settings of the server');
  return session;
}

export async function closeSessions(): Promise<void> {
  for (const session of sessions) {
    const closed = session.destroyed ? null : once(session, 'close');
    session.destroy();
    await closed;
  }
  sessions.clear();
}

/** The answer to a request that is under way; rejects where its stream is reset. */
export function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  const done = deferred<Answer>();
  const interim: IncomingHttpHeaders[] = [];
  const pieces: Buffer[] = [];
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders | null = null;
  stream.on('headers', (fields) => interim.push(fields));
  stream.on('response', (fields) => {
    headers = fields;
  });
  stream.on('trailers', (fields) => {
    trailers = fields;
  });
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('error', (error) => done.reject(error));
  stream.on('close', () => {
    if (!stream.readableEnded) done.reject(new Error(`stream closed with ${stream.rstCode}`));
    const status = Number(headers[':status'] ?? 0);
    done.resolve({ status, headers, interim, trailers, body: Buffer.concat(pieces) });
  });
  return guarded(done.promise, 'the answer');
}

/** Sends a request and reads its answer. */
export function ask(
  session: ClientHttp2Session,
  fields: OutgoingHttpHeaders,
  body?: string | Buffer,
): Promise<Answer> {
  const stream = session.request(fields, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerOf(stream);
}

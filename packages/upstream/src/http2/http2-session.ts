/** Sessions of node:http2 over a socket that is connected: our settings and windows (RFC 9113 §6.5, §6.9). */
import { type ClientHttp2Session, connect, type Settings } from 'node:http2';
import type { Socket } from 'node:net';

/** What a paused response may hold, in bytes (RFC 9113 §6.9.2), and what all may have in progress. */
const streamWindow = 262_144;
const connectionWindow = 1_048_576;

const sessionOptions = {
  settings: {
    enablePush: false,
    initialWindowSize: streamWindow,
    // A bound on memory; each response has its own limit. Counted with 32 bytes for each field.
    maxHeaderListSize: 1_048_576,
  },
  maxHeaderListPairs: 16_384,
  maxSendHeaderBlockLength: 16_777_216,
  maxSessionMemory: 64,
};

/** What is reported of a session. */
export interface SessionListener {
  /** The backend's SETTINGS, the first or later ones. */
  onSettings(settings: Settings): void;
  onGoaway(code: number, lastStreamId: number): void;
  /** It failed; `onSessionClose` follows. */
  onBroken(cause: unknown): void;
  onSessionClose(): void;
}

export function openSession(
  scheme: 'http' | 'https',
  socket: Socket,
  listener: SessionListener,
): ClientHttp2Session {
  const session = connect(`${scheme}://backend.invalid`, {
    ...sessionOptions,
    createConnection: () => socket,
  });
  session.on('error', (error) => listener.onBroken(error));
  session.on('goaway', (code, lastStreamId) => listener.onGoaway(code, lastStreamId));
  session.on('remoteSettings', (settings) => listener.onSettings(settings));
  session.on('close', () => listener.onSessionClose());
  session.once('connect', () => session.setLocalWindowSize(connectionWindow));
  return session;
}

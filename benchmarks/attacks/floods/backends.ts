/** Floods that come from a backend; the client asks for them, and reads. */
import type { FloodConnection } from '../connection.ts';
import { type Flood, get, handshake } from '../flood.ts';
import type { Http2Hostility } from '../http2-backend.ts';

/** Asks again and again, whatever becomes of the answers. */
const asking = (hostility: string): ((connection: FloodConnection) => void) => {
  const request = get(`/hostile/${hostility}`);
  return (connection) => connection.pour(request);
};

const backendFlood = (hostility: string, what: string): Flood => ({
  name: `backend: ${what.split(',')[0]}`,
  what: `a response of ${what}`,
  start: asking(hostility),
});

const http2Flood = (http2: Http2Hostility, what: string): Flood => ({
  name: `backend: ${what}`,
  what: `a response of ${what}`,
  options: { pool: { protocols: ['http2'] } },
  http2,
  start: asking('http2'),
});

/** Longest silence, in ms, before a client that reads takes a new connection. */
const silence = 200;

/** Opens a WebSocket whose backend pours, and reads. */
const opening =
  (hostility: string, ...fields: readonly string[]) =>
  (connection: FloodConnection): void => {
    connection.send(handshake(`/hostile/${encodeURIComponent(hostility)}`, ...fields));
    connection.leaveWhenSilent(silence);
  };

const websocketFlood = (hostility: string, what: string): Flood => ({
  name: `backend: ${what}`,
  what: `a WebSocket of ${what}`,
  start: opening(hostility),
});

const compressed = (hostility: string, what: string): Flood => ({
  name: `backend: ${what}, compressed`,
  what: `a WebSocket of ${what} that the proxy compresses`,
  options: { websocketCompress: true },
  ours: true,
  start: opening(hostility, 'Sec-WebSocket-Extensions: permessage-deflate'),
});

const unread = (flood: Flood, request: string): Flood => ({
  ...flood,
  name: `${flood.name}, unread`,
  what: `${flood.what} that nobody reads`,
  start: (connection) => {
    connection.pause();
    connection.send(request);
  },
});

const chunks = backendFlood('chunks', '1-byte chunks');
const frames = websocketFlood('frames', '1-byte messages');

export const backendFloods: readonly Flood[] = [
  chunks,
  unread(chunks, get('/hostile/chunks')),
  backendFlood('extensions', 'chunk extensions, on chunks of three bytes'),
  backendFlood('trailers', 'endless trailers'),
  backendFlood('fields', 'endless fields'),
  backendFlood('interim', '1xx, for ever'),
  // What Node has read, up to 64 KiB, it hands on frame by frame.
  { ...http2Flood('data', '1-byte DATA'), typicalTurn: 80 },
  http2Flood('empty data', 'empty DATA'),
  http2Flood('interim', '1xx over HTTP/2'),
  http2Flood('pings', 'PING'),
  http2Flood('settings', 'SETTINGS'),
  frames,
  unread(frames, handshake('/hostile/frames')),
  compressed('frames', '1-byte messages'),
  websocketFlood('empty frames', 'empty messages'),
  websocketFlood('fragments', '1-byte fragments'),
  websocketFlood('pings', 'pings'),
];

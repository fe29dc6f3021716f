/** Floods of connections, and of what TLS makes of them. */

import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { type FloodConnection, ignore } from '../connection.ts';
import {
  allAnswered,
  type Flood,
  get,
  post,
  pouring,
  secondsForTimeouts,
  timeout,
} from '../flood.ts';

let hello: Promise<Buffer> | undefined;

/** The first message of a TLS client. */
function clientHello(): Promise<Buffer> {
  hello ??= new Promise((resolve) => {
    const socket = new Duplex({
      read: ignore,
      write: (chunk: Buffer, _, done) => {
        resolve(chunk);
        done();
      },
    });
    connect({ socket, rejectUnauthorized: false }).on('error', ignore);
  });
  return hello;
}

const greet = async (connection: FloodConnection): Promise<void> =>
  connection.send(await clientHello());

export const connectionFloods: readonly Flood[] = [
  {
    name: 'connects without a word',
    what: 'a connection over which nothing comes',
    local: true,
    options: { requestHeaderTimeout: timeout },
    // As many as may wait to be accepted. Of more than that the system keeps nothing but a cookie, which the client
    // has: the proxy never hears of one that says nothing.
    many: 4000,
    seconds: secondsForTimeouts,
    stays: true,
    ours: true,
    start: ignore,
    fault: allAnswered('408'),
  },
  {
    name: 'connects and leaves',
    what: 'one connection after the other, reset at once',
    local: true,
    start: (connection) => connection.reset(),
  },
  {
    name: 'asks and leaves',
    what: 'the same after a GET',
    start: (connection) => {
      connection.stream.write(get('/bytes/24'), () => connection.reset());
    },
  },
  {
    name: 'TLS handshakes, half open',
    what: 'a TLS client that stops after its first message',
    local: true,
    tls: true,
    client: 'plain',
    options: { requestHeaderTimeout: timeout },
    many: 1000,
    stays: true,
    start: greet,
  },
  {
    name: 'TLS handshakes, left',
    what: 'one TLS client after the other, each of which leaves after the server’s first message',
    local: true,
    tls: true,
    client: 'plain',
    start: (connection) => {
      connection.onAnswer(() => connection.reset());
      greet(connection);
    },
  },
  {
    name: 'TLS records of one byte',
    what: 'an upload over TLS in records of one byte',
    tls: true,
    client: 'tls-bytes',
    options: { requestBodyBufferSize: 0, maxRequestBodySize: Number.POSITIVE_INFINITY },
    start: pouring(post('Content-Length: 1000000000'), 'a'),
  },
  {
    name: 'TLS records of one byte, held',
    what: 'the same in chunks of one byte, whose beginning the proxy holds',
    tls: true,
    client: 'tls-bytes',
    start: pouring(post('Transfer-Encoding: chunked'), '1\r\na\r\n'),
  },
  {
    name: '1-byte chunks over TLS',
    what: 'a body in chunks of one byte, over TLS',
    tls: true,
    client: 'tls',
    options: { requestBodyBufferSize: 0, maxRequestBodySize: Number.POSITIVE_INFINITY },
    start: pouring(post('Transfer-Encoding: chunked'), '1\r\na\r\n'),
  },
];

/**
 * What an idle WebSocket costs: opens many through the proxy, waits, has each echo one message, and tells
 * the proxy's resident memory per connection. The proxy's own process holds two sockets for each.
 *
 * node --conditions=@reverseit/source benchmarks/memory/websocket-idle.ts [--count 5000] [--idle 20]
 * [--compress]. Needs more than twice as many file descriptors (ulimit -n).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Ready, Usage } from '../targets/protocol.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    /** Seconds of silence. */
    idle: { type: 'string', default: '20' },
    compress: { type: 'boolean', default: false },
  },
});
const count = Number(values.count);
const extensions = values.compress ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : '';

/** Handshakes at a time. */
const batch = 200;

const handshake =
  'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${extensions}\r\n`;
/** A masked text frame of 300 bytes, and the same as a server sends it back. */
const message = Buffer.concat([
  Buffer.from([0x81, 0xfe, 0x01, 0x2c, 0, 0, 0, 0]),
  Buffer.alloc(300, 'a'),
]);
const echoed = values.compress ? 5 : 304;

async function start(name: string, ...args: string[]): Promise<[ChildProcess, number]> {
  const file = fileURLToPath(new URL(`../targets/${name}.ts`, import.meta.url));
  const child = fork(file, args, { execArgv: process.execArgv });
  const [ready] = (await once(child, 'message')) as [Ready];
  return [child, ready.port];
}

async function usage(child: ChildProcess): Promise<Usage> {
  child.send({ do: 'usage' });
  const [answer] = (await once(child, 'message')) as [Usage];
  return answer;
}

/** Opens one and waits for its 101. */
function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(handshake));
    socket.once('error', reject);
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      socket.off('data', onData).off('error', reject);
      socket.on('error', ignore);
      if (head.startsWith('HTTP/1.1 101 ')) resolve(socket);
      else reject(new Error(head));
    };
    socket.on('data', onData);
  });
}

/** Resolves once the echo has come. */
function echo(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0;
    socket.on('close', () => reject(new Error('an idle WebSocket was closed')));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received >= echoed) resolve();
    });
    socket.write(message);
  });
}

/** Its end is no news. */
function drop(socket: Socket): void {
  socket.removeAllListeners().on('error', ignore).destroy();
}

function ignore(): void {
  // A socket that fails is closed.
}

const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const [backend, backendPort] = await start('backend');
const [proxy, port] = await start(
  'reverseit',
  String(backendPort),
  JSON.stringify({ websocketCompress: values.compress }),
);
// The first ones pay for code that is compiled once.
for (const socket of await Promise.all(Array.from({ length: batch }, () => open(port)))) {
  await echo(socket);
  drop(socket);
}
await pause(2);
const before = await usage(proxy);

const sockets: Socket[] = [];
while (sockets.length < count) {
  const wanted = Math.min(batch, count - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length: wanted }, () => open(port)))));
}
const opened = await usage(proxy);
await pause(Number(values.idle));
const idle = await usage(proxy);
await Promise.all(sockets.map(echo));
await pause(2);
const used = await usage(proxy);

const each = (after: Usage): string =>
  `${((after.rss - before.rss) / count / 1024).toFixed(1)} KiB`;
console.log(`${count} WebSockets${values.compress ? ' with permessage-deflate' : ''}
  resident memory before    ${(before.rss / 1024 ** 2).toFixed(1)} MiB
  each, when opened         ${each(opened)}
  each, after ${values.idle} s of silence ${each(idle)}
  each, after one message   ${each(used)}
  CPU during the silence    ${((idle.cpu - opened.cpu) / 1000).toFixed(0)} ms`);
for (const socket of sockets) drop(socket);
proxy.disconnect();
backend.disconnect();

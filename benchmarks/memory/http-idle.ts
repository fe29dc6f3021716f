/**
 * What an idle keep-alive connection costs: opens many, sends one request over each, and tells the
 * resident memory of the proxy's process per connection, beside a relay, which holds a pair of sockets.
 *
 * node --conditions=@reverseit/source benchmarks/memory/http-idle.ts [--count 5000]
 * Needs more than twice as many file descriptors (ulimit -n).
 */
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { type Subject, startNode } from '../lib/processes.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '5000' } } });
const count = Number(values.count);

/** Connections at a time, fewer than a pool has. */
const batch = 40;

const request = 'GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n';

/** Opens a connection and waits for one response over it. */
function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let received = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.endsWith('backend.\n') || received.endsWith('a'.repeat(24))) resolve(socket);
    });
  });
}

async function openMany(port: number, wanted: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < wanted) {
    const next = Math.min(batch, wanted - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: next }, () => open(port)))));
  }
  return sockets;
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3000));

async function measure(subject: Subject): Promise<void> {
  // The first ones pay for code that is compiled once.
  for (const socket of await openMany(subject.port, 500)) socket.destroy();
  await settle();
  const before = await subject.usage();
  const sockets = await openMany(subject.port, count);
  await settle();
  const after = await subject.usage();
  const each = (after.rss - before.rss) / count / 1024;
  console.log(`${subject.name.padEnd(10)} ${each.toFixed(1)} KiB for each of ${count} connections`);
  for (const socket of sockets) socket.destroy();
}

const backend = await startNode('backend', [], null);
for (const name of ['relay', 'reverseit']) {
  const subject = await startNode(name, [String(backend.port)], null);
  await measure(subject);
  await subject.stop();
}
await backend.stop();

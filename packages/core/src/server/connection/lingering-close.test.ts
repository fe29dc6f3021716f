import { once } from 'node:events';
import type { Socket } from 'node:net';
import { guarded } from '@reverseit/test-servers';
import { FakeClock } from '@reverseit/test-servers/fake-clock';
import { connectPair } from '@reverseit/test-servers/socket-pair';
import { useCensus, useServer } from '@reverseit/test-servers/use-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Deadlines } from '../../time/deadlines.ts';
import type { ServerContext } from '../exchange/server-context.ts';
import { LingeringClose } from './lingering-close.ts';

useCensus();
// Before the pair's own hook, and so after it: the sockets are closed by then.
afterEach(() => expect(clock.timers.size).toBe(0));
const pair = useServer(() => connectPair());

let clock: FakeClock;
let context: ServerContext;
let ours: Socket;
let peer: Socket;
let peerError: NodeJS.ErrnoException | undefined;

beforeEach(() => {
  clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  context = { deadlines, sendDeadlines: deadlines.queue(60_000) } as ServerContext;
  peerError = undefined;
  ({ accepted: ours, connecting: peer } = pair());
  peer.on('error', (error) => {
    peerError = error;
  });
});

function closed(socket: Socket): Promise<void> {
  // Not `once` of node:events, which fails on an error.
  const closing = new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.on('close', () => resolve());
  });
  return guarded(closing, 'the socket to close');
}

test('a peer that has ended already: closed after the response', async () => {
  peer.end();
  ours.resume();
  await once(ours, 'end');
  ours.write('response');
  new LingeringClose(ours, context, true);
  expect(String((await once(peer, 'data'))[0])).toBe('response');
  await closed(ours);
  context.deadlines.dispose();
});

test('a peer that ends afterwards: closed then, and not before', async () => {
  new LingeringClose(ours, context, false);
  peer.resume();
  await guarded(once(peer, 'end'), 'our FIN');
  // What still comes is read and dropped, and answered by no RST.
  peer.write('x'.repeat(100_000));
  expect(ours.destroyed).toBe(false);
  peer.end();
  await closed(ours);
  expect(peerError).toBe(undefined);
  context.deadlines.dispose();
});

test('a peer that never ends: closed after five seconds', async () => {
  const finished = once(ours, 'finish');
  new LingeringClose(ours, context, false);
  await finished;
  clock.advance(4999);
  expect(ours.destroyed).toBe(false);
  clock.advance(1);
  expect(ours.destroyed).toBe(true);
  await closed(ours);
  context.deadlines.dispose();
});

test('a peer that takes nothing: cut, so that nothing looks complete', async () => {
  peer.pause();
  ours.write(Buffer.alloc(50_000_000));
  new LingeringClose(ours, context, false);
  clock.advance(60_000);
  expect(ours.destroyed).toBe(true);
  await closed(ours);
  // Node 22 tells a reset that arrives together with bytes as an end; a write hears of it.
  peer.once('end', () => peer.write('x'));
  peer.resume();
  await closed(peer);
  expect(peerError).toMatchObject({ code: 'ECONNRESET' });
  context.deadlines.dispose();
});

test('a socket that is gone already: nothing is armed', async () => {
  ours.destroy();
  await closed(ours);
  new LingeringClose(ours, context, false);
  expect(clock.timers.size).toBe(0);
});

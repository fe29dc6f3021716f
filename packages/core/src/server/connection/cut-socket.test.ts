import { once } from 'node:events';
import type { Socket } from 'node:net';
import { guarded } from '@reverseit/test-servers';
import { connectPair } from '@reverseit/test-servers/socket-pair';
import { useCensus, useServer } from '@reverseit/test-servers/use-server';
import { beforeEach, expect, test } from 'vitest';
import { cutSocket } from './cut-socket.ts';

useCensus();

const pair = useServer(() => connectPair());
let ours: Socket;
let peer: Socket;

beforeEach(() => {
  ({ accepted: ours, connecting: peer } = pair());
});

/** What the peer is told, reading to the end. */
function told(): Promise<string> {
  return guarded(
    new Promise((resolve) => {
      peer.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      peer.on('end', () => resolve('end'));
      peer.resume();
    }),
    'the peer to be told',
  );
}

/** Cuts our side, and says what became of it. */
async function cut(): Promise<{ error: string | undefined; closed: boolean }> {
  let error: string | undefined;
  ours.on('error', ({ message }) => {
    error = message;
  });
  const closing = once(ours, 'close');
  cutSocket(ours);
  await guarded(closing, 'the socket to close');
  return { error, closed: ours.closed };
}

const closed = { error: undefined, closed: true };

test('an open connection is reset', async () => {
  const tidings = told();
  expect(await cut()).toEqual(closed);
  expect(await tidings).toBe('ECONNRESET');
});

test('bytes that wait in the socket are not sent', async () => {
  ours.write(Buffer.alloc(30_000_000));
  ours.end();
  expect(ours.writableLength).toBeGreaterThan(0);
  expect(await cut()).toEqual(closed);
  let received = 0;
  peer.on('data', (piece: Buffer) => {
    received += piece.length;
  });
  // On Node 22 a reset after bytes is told as an end.
  await told();
  expect(received).toBeLessThan(30_000_000);
});

test('a connection is closed whose FIN is under way, which Node cannot reset', async () => {
  const tidings = told();
  ours.end('all');
  // The bytes are gone, and the FIN asked for, before anything of it is told.
  await new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)));
  expect([ours.writableLength, ours.writableFinished]).toEqual([0, false]);
  expect(await cut()).toEqual(closed);
  expect(await tidings).toBe('end');
});

test('a connection is reset after its FIN', async () => {
  peer.pause();
  const finished = once(ours, 'finish');
  ours.end('all');
  await guarded(finished, 'the FIN');
  expect(await cut()).toEqual(closed);
});

test('a socket that is destroyed stays so', () => {
  ours.destroy();
  cutSocket(ours);
  expect(ours.destroyed).toBe(true);
});

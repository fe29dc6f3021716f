import { once } from 'node:events';
import { Socket } from 'node:net';
import { guarded } from '@reverseit/test-servers';
import { connectPair } from '@reverseit/test-servers/socket-pair';
import { useCensus, useServer } from '@reverseit/test-servers/use-server';
import { beforeEach, expect, test } from 'vitest';
import { hiddenReset } from './hidden-reset.ts';

useCensus();

// As connections to backends are, ours ends with its peer.
const pair = useServer(() => connectPair(false));
let ours: Socket;
let peer: Socket;

beforeEach(() => {
  ({ accepted: peer, connecting: ours } = pair());
});

/** How the connection ended for us, after the bytes that were sent. */
function outcome(): Promise<{ bytes: string; failure: Error | null }> {
  let bytes = '';
  ours.on('data', (piece) => {
    bytes += String(piece);
  });
  return guarded(
    new Promise((resolve) => {
      ours.on('error', (failure) => resolve({ bytes, failure }));
      ours.on('end', () => resolve({ bytes, failure: hiddenReset(ours) }));
      ours.resume();
    }),
    'the end',
  );
}

const written = (bytes: string): Promise<void> =>
  guarded(new Promise((resolve) => peer.write(bytes, () => resolve())), 'the bytes to be written');

test('a FIN after bytes is an orderly end, and nothing is sent', async () => {
  await written('all');
  peer.end();
  expect(await outcome()).toEqual({ bytes: 'all', failure: null });
  expect(ours.bytesWritten).toBe(0);
});

test('an RST after bytes is a failure, however Node tells it', async () => {
  await written('some');
  peer.resetAndDestroy();
  await guarded(new Promise<void>((resolve) => peer.on('close', () => resolve())), 'the reset');
  const { failure } = await outcome();
  expect(failure).toMatchObject({ code: 'ECONNRESET' });
});

test('an RST after bytes is a failure also while bytes of ours wait', async () => {
  peer.pause();
  ours.write(Buffer.alloc(20_000_000));
  expect(ours.writableLength).toBeGreaterThan(0);
  await written('some');
  peer.resetAndDestroy();
  await guarded(new Promise<void>((resolve) => peer.on('close', () => resolve())), 'the reset');
  const { failure } = await outcome();
  expect(failure).toMatchObject({ code: 'ECONNRESET' });
});

test('an RST after bytes is a failure also after our own end', async () => {
  const finished = once(ours, 'finish');
  ours.end();
  await guarded(finished, 'our FIN');
  await written('some');
  peer.resetAndDestroy();
  await guarded(new Promise<void>((resolve) => peer.on('close', () => resolve())), 'the reset');
  const { failure } = await outcome();
  expect(failure).toMatchObject({ code: 'ECONNRESET' });
});

test('an RST after a FIN, which answers bytes of ours, does not make the end a failure', async () => {
  await written('all');
  // Closed with bytes unread, but after its FIN.
  peer.pause();
  const ended = once(peer, 'finish');
  peer.end();
  await guarded(ended, 'the FIN');
  const taken = new Promise<void>((resolve) => ours.write('late', () => resolve()));
  await guarded(taken, 'the late bytes to be taken');
  const closed = new Promise<void>((resolve) => peer.on('close', () => resolve()));
  peer.destroy();
  await guarded(closed, 'the reset');
  expect(await outcome()).toEqual({ bytes: 'all', failure: null });
});

test('a socket that was destroyed is not asked', () => {
  ours.destroy();
  expect(hiddenReset(ours)).toBe(null);
  expect(hiddenReset(new Socket())).toBe(null);
});

/** Floods of handshakes and frames. */
import { constants, deflateRawSync } from 'node:zlib';
import type { FloodConnection } from '../connection.ts';
import { type Flood, handshake, onlyAnswers } from '../flood.ts';
import { clientFrame, first } from '../frames.ts';

const compress = { options: { websocketCompress: true }, ours: true } as const;
const offer = 'Sec-WebSocket-Extensions: permessage-deflate';

/** Opens a WebSocket, sends a beginning and pours frames into it. */
const frames =
  (piece: Buffer, beginning: Buffer | null = null, ...fields: readonly string[]) =>
  (connection: FloodConnection): void => {
    connection.onAnswer(() => {
      if (beginning !== null) connection.send(beginning);
      connection.pour(piece);
    });
    connection.send(handshake('/hostile/sink', ...fields));
  };

/** Compressed without the four bytes that end each message (RFC 7692 §7.2.1). */
const deflated = (content: Buffer | string): Buffer =>
  deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

/** `a` in four bytes. */
const tiny = Buffer.from('4a0400', 'hex');
/** Stored blocks of nothing (RFC 1951 §3.2.4), a byte in each fragment: deflate that may go on for ever. */
const emptyBlocks = Buffer.concat(
  [0, 0, 0, 0xff, 0xff].map((byte) => clientFrame(first.continuation, Buffer.of(byte))),
);
const bomb = deflated(Buffer.alloc(32 * 1024 * 1024));
/** Just below `maxWebsocketFrameSize`. */
const charge = deflated(Buffer.alloc(15 * 1024 * 1024));

/** Seven fields full of subprotocols, the last of which is listed twice. */
const worstOffer = ((): string[] => {
  const names = Array.from({ length: 14_000 }, (_, nth) => nth.toString(36));
  const lists = Array.from({ length: 7 }, (_, nth) => names.slice(nth * 2000, nth * 2000 + 2000));
  return [...lists, ['0']].map((list) => `Sec-WebSocket-Protocol: ${list.join()}`);
})();

export const websocketFloods: readonly Flood[] = [
  {
    name: 'upgrades and leaves',
    what: 'one handshake after the other, reset at once',
    start: (connection) => {
      connection.stream.write(handshake(), () => connection.reset());
    },
  },
  {
    name: 'refused upgrades',
    what: 'pipelined handshakes that the backend refuses',
    start: (connection) => connection.pour(handshake('/hostile/refusal')),
  },
  {
    name: 'costly offers',
    what: 'handshakes whose subprotocols take long to judge',
    local: true,
    start: (connection) => connection.send(handshake('/hostile/sink', ...worstOffer)),
    fault: onlyAnswers('400', '0'),
    ours: true,
  },
  {
    name: 'early frames',
    what: 'frames before the backend has answered the handshake',
    ours: true,
    start: (connection) => {
      connection.send(handshake('/hostile/silence'));
      connection.pour(clientFrame(first.binary, 'a'));
    },
  },
  {
    name: '1-byte messages',
    what: 'messages of one byte',
    start: frames(clientFrame(first.text, 'a')),
  },
  { name: 'empty messages', what: 'messages of nothing', start: frames(clientFrame(first.text)) },
  {
    name: 'empty fragments',
    what: 'fragments of nothing, of a message that does not end',
    start: frames(clientFrame(first.continuation), clientFrame(first.openText)),
  },
  {
    name: '1-byte fragments',
    what: 'fragments of one byte, of a message that does not end',
    start: frames(clientFrame(first.continuation, 'a'), clientFrame(first.openText, 'a')),
  },
  { name: 'pings', what: 'pings', start: frames(clientFrame(first.ping)) },
  { name: 'pongs', what: 'pongs', start: frames(clientFrame(first.pong)) },
  {
    name: 'pings, unread',
    what: 'pings whose pongs nobody reads',
    start: (connection) => {
      connection.onAnswer(() => {
        connection.pause();
        connection.pour(clientFrame(first.ping));
      });
      connection.send(handshake());
    },
  },
  {
    name: 'tiny compressed messages',
    what: 'compressed messages of nine bytes',
    ...compress,
    start: frames(clientFrame(first.compressed, tiny), null, offer),
  },
  {
    name: 'tiny compressed fragments',
    what: 'fragments of one byte, of a compressed message that does not end',
    ...compress,
    start: frames(emptyBlocks, clientFrame(first.openCompressed), offer),
  },
  {
    name: 'deflate bombs',
    what: '32 MiB of zeros, compressed, in each message',
    ...compress,
    start: frames(clientFrame(first.compressed, bomb), null, offer),
    fault: onlyAnswers('101', '1009'),
  },
  {
    name: 'deflate charges',
    what: '15 MiB of zeros, compressed, in each message: as much as may be',
    ...compress,
    start: frames(clientFrame(first.compressed, charge), null, offer),
  },
];

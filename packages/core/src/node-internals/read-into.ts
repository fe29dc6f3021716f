/**
 * Makes a socket read into a buffer of ours, as the `onread` option of `net.connect` does. The servers of
 * `node:net` and `node:tls` have no such option, nor has TLS over a socket that is connected; and the
 * memory that a socket takes for each read by itself costs as much as a system call. What the option sets
 * is looked up in a socket that was made with it; where a version of Node does it another way, nothing is
 * changed, and the socket is read by its events.
 *
 * A TLS socket that is paused still reports every record of the read that is in progress, up to 16 KiB:
 * whoever pauses one holds what comes until it resumes.
 */
import { type OnReadOpts, Socket } from 'node:net';
import type { ReadInto } from '../io/read-buffer.ts';
import { usesNodeInternals } from './switch.ts';

/** Where a socket keeps the parts of the option. */
interface Slots {
  readonly buffer: symbol;
  readonly nextBuffer: symbol;
  readonly callback: symbol;
}

type Fields = Record<symbol, unknown>;

interface ReadingHandle {
  useUserBuffer?(buffer: Uint8Array): void;
}

let slots: Slots | null | undefined;

function findSlots(): Slots | null {
  const bytes = new Uint8Array(1);
  const nextBuffer = (): Uint8Array => bytes;
  const callback = (): boolean => true;
  // Of the buffer's two forms each has a slot of its own.
  const buffer = slotOf(bytes, { buffer: bytes, callback });
  const next = slotOf(nextBuffer, { buffer: nextBuffer, callback });
  const called = slotOf(callback, { buffer: nextBuffer, callback });
  if (buffer === undefined || next === undefined || called === undefined) return null;
  return { buffer, nextBuffer: next, callback: called };
}

/** Where a socket that is made with the option keeps a part of it. */
function slotOf(part: unknown, onread: OnReadOpts): symbol | undefined {
  const socket = new Socket({ onread });
  const fields = socket as unknown as Fields;
  return Object.getOwnPropertySymbols(socket).find((slot) => fields[slot] === part);
}

/**
 * Sets the reading of a connected socket that has read nothing yet. False, and nothing is changed, where
 * that is not possible: with another stream than one of Node's sockets, or another Node.
 */
export function letReadInto(socket: Socket, { buffer, callback }: ReadInto): boolean {
  if (slots === undefined) slots = usesNodeInternals ? findSlots() : null;
  if (slots === null) return false;
  const fields = socket as unknown as Fields & { _handle?: ReadingHandle };
  const { _handle: handle } = fields;
  if (typeof handle?.useUserBuffer !== 'function') return false;
  if (!(slots.buffer in fields) || socket.readableLength > 0) return false;
  const first = buffer();
  fields[slots.buffer] = first;
  fields[slots.nextBuffer] = buffer;
  fields[slots.callback] = callback;
  handle.useUserBuffer(first);
  return true;
}

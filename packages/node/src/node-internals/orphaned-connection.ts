/**
 * The connection on its way to a worker. Node's primary keeps its own descriptor of it until the worker has
 * answered, and forgets it where the worker ends first: the client would wait for ever.
 */
import type { ChildProcess } from 'node:child_process';
import { usesNodeInternals } from '@reverseit/core/internal';

/** Who is told of connections on their way. */
export interface HandOverObserver {
  onHandedOver(): void;
  /** The worker has answered, or has ended. */
  onHandOverEnd(): void;
}

/** A connection that was handed over, and the number of the message that took it. */
interface HandedOver {
  readonly handle: { close(): void };
  readonly seq: unknown;
}

/** Closes the connection that the worker has not taken or returned when it ends; it has one at a time. */
export function closeOrphanedConnection(child: ChildProcess, observer: HandOverObserver): void {
  if (!usesNodeInternals) return;
  const { send } = child;
  let underWay: HandedOver | null = null;
  child.send = (...given: readonly unknown[]) => {
    const [message, handle] = given;
    // With another scheduling the listening socket is handed over as well, once.
    if (fieldOf(message, 'act') === 'newconn' && isCloseable(handle)) {
      underWay = { handle, seq: fieldOf(message, 'seq') };
      observer.onHandedOver();
    }
    return Reflect.apply(send, child, given);
  };
  child.on('internalMessage', (message: unknown) => {
    if (underWay === null || fieldOf(message, 'ack') !== underWay.seq) return;
    underWay = null;
    observer.onHandOverEnd();
  });
  child.once('exit', () => {
    if (underWay === null) return;
    underWay.handle.close();
    observer.onHandOverEnd();
  });
}

const fieldOf = (message: unknown, key: string): unknown =>
  typeof message === 'object' && message !== null ? Reflect.get(message, key) : undefined;

const isCloseable = (handle: unknown): handle is { close(): void } =>
  typeof fieldOf(handle, 'close') === 'function';

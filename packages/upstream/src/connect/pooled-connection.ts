/** What a pool knows of its connections, whatever they speak. */
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type { ErrorCode } from '@reverseit/core/errors';
import type { Linked } from '@reverseit/core/internal';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import type { ClientConnection } from '../exchange/message/upstream-request.ts';
import type { Lifetimes } from './lifetimes.ts';

export interface PooledConnection extends Linked<PooledConnection> {
  readonly state: string;
  /** Exchanges that it carries, or is being opened for. */
  readonly active: number;
  /** Exchanges that were given to it. */
  readonly served: number;
  /** Whether it speaks HTTP/1.1 and nothing else. */
  readonly isHttp1: boolean;
  /** Whether it is one client's, by its PROXY header or since it may have been logged in. */
  readonly bound: boolean;
  /** The client that it is bound to; null where it is not, or nobody can be told from others. */
  readonly client: ClientConnection | null;
  /** Links of the pool's stack of idle connections. */
  idlePrevious: PooledConnection | null;
  idleNext: PooledConnection | null;
  /** Gives an exchange to it. */
  assign(exchange: DispatchedExchange): void;
  /** Arms the deadline of an idle connection. */
  arm(queue: DeadlineQueue): void;
  /** Closes it at once. */
  drop(): void;
  /** Closes it when it has been idle for as long as the queue says, which may be now. */
  closeUnused(after: DeadlineQueue): void;
  /** Fails what it carries, and closes it. */
  destroy(code: ErrorCode): void;
}

/** What a connection tells the pool that owns it. */
export interface ConnectionOwner {
  /** Each connection is the one client's that it is opened for, whose PROXY header it begins with. */
  readonly bindsClients: boolean;
  readonly connectTimeout: DeadlineQueue;
  /** How long a connection whose response is complete waits for its request to have left. */
  readonly flushTimeout: DeadlineQueue;
  readonly lifetimes: Lifetimes;
  /** Milliseconds that never run backwards. */
  now(): number;
  /** It is connected, and began to connect at `startedAt` (`now`). */
  onConnected(startedAt: number): void;
  /** No exchange is under way, and another may come. `idleHint` as in CheckedHead. */
  onReusable(connection: PooledConnection, idleHint: number): void;
  /** An idle connection must not be used any more. */
  onUnusable(connection: PooledConnection): void;
  /** The exchange that it is being opened for has left. */
  onAbandoned(connection: PooledConnection): void;
  /** A protocol switch took the socket away: it is no connection of the pool any more. */
  onSwitched(connection: PooledConnection): void;
  /** The socket is closed. The last call. */
  onClosed(connection: PooledConnection): void;
}

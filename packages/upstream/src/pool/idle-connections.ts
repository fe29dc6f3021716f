/**
 * The idle connections of a shard, the one used last first, so that a pool that is too large for its load shrinks by
 * itself. They are linked: one that closes leaves at no cost, wherever it stands.
 */
import type { PooledConnection } from '../connect/pooled-connection.ts';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import type { Http2Connection } from '../http2/http2-connection.ts';

export class IdleConnections {
  /** The one that was used last; the others follow by their links. */
  top: PooledConnection | null = null;

  push(connection: PooledConnection): void {
    connection.idleNext = this.top;
    if (this.top !== null) this.top.idlePrevious = connection;
    this.top = connection;
  }

  /** Nothing happens where it is none of them. */
  remove(connection: PooledConnection): void {
    const { idlePrevious, idleNext } = connection;
    if (idlePrevious !== null) idlePrevious.idleNext = idleNext;
    else if (this.top === connection) this.top = idleNext;
    else return;
    if (idleNext !== null) idleNext.idlePrevious = idlePrevious;
    connection.idlePrevious = null;
    connection.idleNext = null;
  }

  /** The first that may have the exchange. */
  find(exchange: DispatchedExchange): PooledConnection | null {
    let idle = this.top;
    while (idle !== null && !canServe(idle, exchange)) idle = idle.idleNext;
    return idle;
  }
}

/** Whether the exchange can only be served when this connection makes room. */
export function needsOwn(connection: PooledConnection, exchange: DispatchedExchange): boolean {
  return exchange.oneShot || (exchange.upgrading && !connection.isHttp1);
}

/** Whether it may have the exchange now. */
export function canServe(connection: PooledConnection, exchange: DispatchedExchange): boolean {
  if (exchange.oneShot) return false;
  return connection.isHttp1 || (!exchange.upgrading && (connection as Http2Connection).hasRoom);
}

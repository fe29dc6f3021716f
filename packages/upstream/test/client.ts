import type { ProxiedConnection } from '@reverseit/core/internal';
import type { ClientCloseListener, ClientConnection } from '../src/index.ts';
import { get } from './recorder.ts';

/** A client's connection, which ends when a test says so. */
export class Client implements ClientConnection {
  closed = false;
  readonly multiplexed: boolean;
  readonly proxied: ProxiedConnection | null;
  readonly listeners = new Set<ClientCloseListener>();

  constructor(proxied: ProxiedConnection | null = null, multiplexed = false) {
    this.proxied = proxied;
    this.multiplexed = multiplexed;
  }

  addCloseListener(listener: ClientCloseListener): void {
    this.listeners.add(listener);
  }

  removeCloseListener(listener: ClientCloseListener): void {
    this.listeners.delete(listener);
  }

  close(): void {
    this.closed = true;
    for (const listener of [...this.listeners]) listener.onClientClosed(this);
  }

  /** A request of this client. */
  request(...more: string[]) {
    return get('/', { fields: ['Host', 'backend.test', ...more], client: this });
  }
}

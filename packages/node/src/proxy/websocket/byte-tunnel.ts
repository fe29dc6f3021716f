/**
 * Bytes between a client and its backend after a switch to a protocol that is none of ours (RFC 9110
 * §7.8): both ways, in their order, looked at by nobody. What one peer's end means for the other:
 *
 *   one peer …            the other gets
 *   ends its sending      the end, after all that came before it; it may go on sending
 *   vanishes, is reset    a reset: what it got must not look complete
 *   neither sends         a reset, both, after `tunnelIdleTimeout`
 *
 * Of each direction at most one read waits here, in the socket that it is written to; until that takes
 * more, the other is not read.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SwitchedSocket, Tunnel } from '@reverseit/core';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, type ReverseItError, timedOut } from '@reverseit/core/errors';
import { ignoreError, releaseBytes } from '@reverseit/core/internal';
import { cutSocket } from '@reverseit/core/internal/server';
import type { OpenItem, OpenSet } from '../../lifecycle/open-set.ts';

/** Who is told of a tunnel's end. */
export interface TunnelObserver {
  /** Both connections are closed. `error`: what went wrong first, or null. */
  onTunnelOver(error: ReverseItError | null, fromClient: number, fromBackend: number): void;
}

/** What a tunnel is made of. */
export interface TunnelParts {
  /** The tunnels that are open. */
  readonly owner: OpenSet;
  /** How long both directions may be silent. */
  readonly idle: DeadlineQueue;
  /** Paused, after its 101. */
  readonly backend: Duplex;
  /** Answers the client with 101 and hands its socket over. */
  readonly switchClient: (tunnel: Tunnel) => SwitchedSocket;
  readonly observer: TunnelObserver | null;
}

export class ByteTunnel implements Tunnel, OpenItem, DeadlineTarget {
  // Links of the list of what is open.
  previous: OpenItem | null = null;
  next: OpenItem | null = null;
  readonly #owner: OpenSet;
  readonly #idle: DeadlineQueue;
  readonly #observer: TunnelObserver | null;
  readonly #client: TunnelEnd;
  readonly #backend: TunnelEnd;
  readonly #deadline = new Deadline(this, 0);
  #error: ReverseItError | null = null;

  /** Answers the client; from then on bytes flow. */
  constructor({ owner, idle, backend, switchClient, observer }: TunnelParts) {
    this.#owner = owner;
    this.#idle = idle;
    this.#observer = observer;
    const { socket, early, exclusive } = switchClient(this);
    this.#client = new TunnelEnd(socket, exclusive);
    this.#backend = new TunnelEnd(backend, true);
    owner.add(this);
    this.#connect(this.#client, this.#backend);
    this.#connect(this.#backend, this.#client);
    idle.arm(this.#deadline);
    if (early.length > 0) this.#onData(this.#client, this.#backend, early);
    this.#start(this.#client, this.#backend);
    this.#start(this.#backend, this.#client);
  }

  #connect(source: TunnelEnd, sink: TunnelEnd): void {
    const { socket } = source;
    // One side may end its sending long before the other, as in TCP.
    socket.allowHalfOpen = true;
    socket.on('data', (chunk: Buffer) => this.#onData(source, sink, chunk));
    socket.on('drain', () => {
      this.#idle.arm(this.#deadline);
      sink.socket.resume();
    });
    socket.on('end', () => this.#onEnd(sink));
    socket.on('error', ignoreError);
    socket.on('close', () => this.#onClose(source, sink));
  }

  #start(source: TunnelEnd, sink: TunnelEnd): void {
    // Its end may have come while the handshake was in progress.
    if (source.socket.readableEnded) sink.socket.end();
    else if (!sink.socket.writableNeedDrain) source.socket.resume();
  }

  #onData(source: TunnelEnd, sink: TunnelEnd, chunk: Buffer): void {
    this.#idle.arm(this.#deadline);
    source.bytes += chunk.length;
    // Where the sink is closed, its `close` is about to end the source as well.
    if (!sink.socket.writable) return;
    if (!sink.socket.write(chunk)) source.socket.pause();
    // It has left, and nobody holds on to it.
    else if (source.exclusive && sink.socket.writableLength === 0) releaseBytes(chunk);
  }

  #onEnd(sink: TunnelEnd): void {
    this.#idle.arm(this.#deadline);
    sink.socket.end();
  }

  #onClose(side: TunnelEnd, other: TunnelEnd): void {
    side.closed = true;
    if (!side.socket.readableEnded || !side.socket.writableFinished) {
      this.#error ??= side === this.#client ? clientLost() : backendLost();
      other.cut();
    }
    if (other.closed) this.#finish();
  }

  #finish(): void {
    this.#deadline.clear();
    this.#owner.remove(this);
    this.#observer?.onTunnelOver(this.#error, this.#client.bytes, this.#backend.bytes);
  }

  /** Bytes have no way to say goodbye: what is in progress may end by itself until the close's time is up. */
  shutdown(): void {
    // See `destroy`.
  }

  destroy(error: ReverseItError): void {
    this.#error ??= error;
    this.#client.cut();
    this.#backend.cut();
  }

  onDeadline(): void {
    this.destroy(timedOut('RIT_ERR_TUNNEL_IDLE', this.#idle.ms));
  }
}

/** One peer. */
class TunnelEnd {
  readonly socket: Duplex;
  /** Nobody else hears what is read from the socket. */
  readonly exclusive: boolean;
  /** That it has sent. */
  bytes = 0;
  closed = false;

  constructor(socket: Duplex, exclusive: boolean) {
    this.socket = socket;
    this.exclusive = exclusive;
  }

  cut(): void {
    const { socket } = this;
    if (socket instanceof Socket) cutSocket(socket);
    else socket.destroy();
  }
}

const clientLost = (): ReverseItError =>
  createError('RIT_ERR_CLIENT_ABORTED', 'client disconnected before the tunnel was closed');

const backendLost = (): ReverseItError =>
  createError('RIT_ERR_UPSTREAM_TRUNCATED', 'backend disconnected before the tunnel was closed');

/**
 * A socket that was accepted, until its PROXY protocol header has come. Nothing is written to it; without a
 * header in time it is closed.
 */
import type { Socket } from 'node:net';
import { ignoreError } from '../../io/ignore-error.ts';
import { ProxyHeaderReader } from '../../proxy-protocol/header-reader.ts';
import type { ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '../../time/deadlines.ts';

/** Who is told. */
export interface ProxyHeaderDelegate {
  /** The socket is paused; `early` came after the header, in the same read. */
  onProxyHeader(socket: Socket, header: ProxyHeader, early: Buffer | null): void;
  onNoProxyHeader(socket: Socket, reason: string): void;
}

export class ProxyHeaderWait implements DeadlineTarget {
  readonly #socket: Socket;
  readonly #delegate: ProxyHeaderDelegate;
  readonly #reader = new ProxyHeaderReader();
  readonly #deadline = new Deadline(this, 0);

  constructor(socket: Socket, deadlines: DeadlineQueue, delegate: ProxyHeaderDelegate) {
    this.#socket = socket;
    this.#delegate = delegate;
    deadlines.arm(this.#deadline);
    socket.on('error', ignoreError).on('close', this.#onClose).on('end', this.#onEnd);
    socket.on('data', this.#onData);
  }

  readonly #onData = (chunk: Buffer): void => {
    const taken = this.#reader.read(chunk);
    const { header, failure } = this.#reader;
    if (failure !== null) this.#refuse(failure);
    else if (header !== null) {
      this.#stop();
      this.#socket.pause();
      const early = taken < chunk.length ? chunk.subarray(taken) : null;
      this.#delegate.onProxyHeader(this.#socket, header, early);
    }
  };

  readonly #onEnd = (): void => this.#refuse('the peer left before its header');

  readonly #onClose = (): void => this.#stop();

  onDeadline(): void {
    this.#refuse('no header in time');
  }

  #refuse(reason: string): void {
    this.#stop();
    this.#delegate.onNoProxyHeader(this.#socket, reason);
  }

  #stop(): void {
    this.#deadline.clear();
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
  }
}

/**
 * A TCP proxy that makes the network worse: latency, little bandwidth, silence, FIN and RST at a
 * given byte, in either direction, set beforehand or while a connection runs. It holds a bounded
 * number of bytes for each direction and reads no further until they are gone.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FaultPipe, type Faults } from './fault-pipe.ts';
import { deferred, eventually, guarded } from './guard.ts';
import { closed, opened } from './registry.ts';
import { resetSocket } from './reset-socket.ts';

export type Direction = 'toTarget' | 'toClient';

export interface FaultProxyOptions {
  readonly target: { readonly port: number; readonly host?: string };
  /** Default: a free port. */
  readonly port?: number;
  /** Faults of every connection, or made for each. */
  readonly faults?: LinkFaults | ((index: number) => LinkFaults);
}

export interface LinkFaults {
  readonly toTarget?: Faults;
  readonly toClient?: Faults;
}

/** One connection through the proxy. */
export class FaultLink {
  readonly index: number;
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #pipes: Readonly<Record<Direction, FaultPipe>>;

  /** @internal */
  constructor(index: number, client: Socket, target: Socket, faults: LinkFaults) {
    this.index = index;
    this.#client = client;
    this.#target = target;
    const reset = (): void => this.reset();
    this.#pipes = {
      toTarget: new FaultPipe(client, target, faults.toTarget ?? {}, reset),
      toClient: new FaultPipe(target, client, faults.toClient ?? {}, reset),
    };
    for (const [socket, other, pipe] of [
      [client, target, this.#pipes.toTarget],
      [target, client, this.#pipes.toClient],
    ] as const) {
      // A reset on one side is passed on as a reset, unless the way there is cut.
      socket.on('error', () => {
        if (pipe.passes) resetSocket(other);
      });
      socket.once('close', () => this.#onClose());
    }
  }

  /** Bytes that have gone through. */
  bytes(direction: Direction): number {
    return this.#pipes[direction].bytes;
  }

  /** Changes the faults of a direction from the next byte on. */
  set(direction: Direction, faults: Faults): void {
    this.#pipes[direction].set(faults);
  }

  /** Lets nothing through, until `release`. The sender sees its window fill up. */
  stall(direction: Direction): void {
    this.#pipes[direction].stall();
  }

  release(direction: Direction): void {
    this.#pipes[direction].release();
  }

  /** Takes everything and delivers nothing more, nor the end: the cable is cut. */
  blackhole(direction: Direction): void {
    this.#pipes[direction].blackhole();
  }

  /** Ends a direction with a FIN after what has gone through. */
  fin(direction: Direction): void {
    this.#pipes[direction].fin();
  }

  /** Resets both sides. */
  reset(): void {
    resetSocket(this.#client);
    resetSocket(this.#target);
  }

  /** Both sides are closed. */
  get closed(): boolean {
    return this.#client.destroyed && this.#target.destroyed;
  }

  #onClose(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.onSocketClosed();
  }
}

export class FaultProxy {
  /** Connections in the order of acceptance, closed ones too; at most 10 000. */
  readonly links: FaultLink[] = [];
  readonly #options: FaultProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #accepted = 0;

  /** @internal */
  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** `http://127.0.0.1:port`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Sockets that are open, two for each connection. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** The connection of that index, waited for. */
  link(index = 0): Promise<FaultLink> {
    return eventually(
      () => this.links[index],
      () => `connection ${index} through the fault proxy, which has accepted ${this.#accepted}`,
    );
  }

  /** @internal */
  async listen(): Promise<void> {
    const listening = deferred();
    this.#server.once('error', listening.reject);
    this.#server.listen(this.#options.port ?? 0, '127.0.0.1', 4096, listening.resolve);
    await guarded(listening.promise, 'the fault proxy to listen');
    opened(this, () => `fault proxy on port ${this.port}`);
  }

  /** Stops listening, destroys every connection and waits until all are gone. */
  async close(): Promise<void> {
    const gone = deferred();
    this.#server.close(() => gone.resolve());
    for (const socket of this.#sockets) socket.destroy();
    await guarded(gone.promise, 'the fault proxy to close');
    await eventually(
      () => this.#sockets.size === 0,
      () => `${this.#sockets.size} sockets of the fault proxy to close`,
    );
    closed(this);
  }

  #accept(client: Socket): void {
    const { faults, target } = this.#options;
    const index = this.#accepted;
    this.#accepted += 1;
    const upstream = connect({ host: '127.0.0.1', ...target, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    const own = typeof faults === 'function' ? faults(index) : (faults ?? {});
    const link = new FaultLink(index, client, upstream, own);
    if (this.links.length < 10_000) this.links.push(link);
  }
}

/** Starts it and resolves once it listens. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new FaultProxy(options);
  await proxy.listen();
  return proxy;
}

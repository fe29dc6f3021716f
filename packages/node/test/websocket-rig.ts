/**
 * A proxy between two ends of a WebSocket that send any frame and see every one: a client's and a
 * backend's, fresh for each test. After it nothing may be left.
 */
import type { Socket } from 'node:net';
import { liveParsers } from '@reverseit/core/internal';
import {
  eventually,
  guarded,
  type ScriptedOrigin,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { countInCensus } from '@reverseit/test-servers/census';
import {
  type AcceptOptions,
  connectFrames,
  type FrameClient,
  type FrameOrigin,
  type HandshakeOptions,
  webSocket,
} from '@reverseit/test-servers/frame-client';
import type { FramePeer } from '@reverseit/test-servers/frame-peer';
import { encodeFrame, type FrameSpec } from '@reverseit/test-servers/frames';
import type { RawClientOptions } from '@reverseit/test-servers/raw-client';
import type { ScriptedOriginOptions } from '@reverseit/test-servers/scripted-origin';
import { useCensus } from '@reverseit/test-servers/use-server';
import { afterEach } from 'vitest';
import {
  createServer,
  type ListenAddress,
  type ReverseItOptions,
  type ReverseItServer,
} from '../src/index.ts';
import { clients, type Front } from './websocket-clients.ts';
import { whenIdle } from './when-idle.ts';

countInCensus('parsers', liveParsers);

export interface RigOptions {
  readonly proxy?: Partial<ReverseItOptions>;
  /** How the backend answers handshakes. */
  readonly accept?: AcceptOptions;
  readonly origin?: ScriptedOriginOptions;
  /** Default: a free port on 127.0.0.1. */
  readonly listen?: ListenAddress;
}

/** Both ends of one WebSocket. */
export interface Ends {
  readonly client: FrameClient;
  readonly backend: FrameOrigin;
}

/** Whose frames a case is about. */
export type Sender = 'client' | 'backend';

export class WebSocketRig {
  readonly proxy: ReverseItServer;
  readonly origin: ScriptedOrigin;
  readonly #front: Front;
  readonly #accepted: readonly FrameOrigin[];
  readonly #opened: FramePeer[] = [];

  constructor(
    proxy: ReverseItServer,
    origin: ScriptedOrigin,
    front: Front,
    accepted: readonly FrameOrigin[],
  ) {
    this.proxy = proxy;
    this.origin = origin;
    this.#front = front;
    this.#accepted = accepted;
  }

  /** Where clients connect to. */
  get port(): number {
    return this.#front.port;
  }

  /** Opens a WebSocket through the proxy. */
  async open(options: HandshakeOptions & RawClientOptions = {}): Promise<Ends> {
    const index = this.#accepted.length;
    const client = await connectFrames(this.#front.reach(options));
    this.#opened.push(client);
    const backend = await this.backend(index);
    return { client, backend };
  }

  /** The backend's end of that index, waited for. */
  backend(index = 0): Promise<FrameOrigin> {
    return eventually(() => this.#accepted[index], 'the backend to accept a WebSocket');
  }

  /** How many WebSockets the backend has accepted. */
  get acceptedCount(): number {
    return this.#accepted.length;
  }

  whenIdle(): Promise<void> {
    return whenIdle(this.proxy);
  }

  async close(): Promise<void> {
    try {
      for (const end of [...this.#opened, ...this.#accepted]) await end.close();
      for (const connection of this.origin.connections) connection.destroy();
      await this.#front.close();
      await this.whenIdle();
      await guarded(this.proxy.close({ timeout: 0 }), 'a quiet proxy to close');
      this.origin.assertScripts();
    } finally {
      await this.proxy.close({ timeout: 0 });
      await this.origin.close();
    }
  }
}

/** Starts rigs in a test, and judges and stops them behind it. */
export function useWebSocketRig(): (options?: RigOptions) => Promise<WebSocketRig> {
  const rigs: WebSocketRig[] = [];
  useCensus();
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close();
  });
  return async (options = {}) => {
    const accepted: FrameOrigin[] = [];
    const origin = await startScriptedOrigin({
      script: webSocket((peer) => {
        accepted.push(peer);
      }, options.accept),
      ...options.origin,
    });
    const proxy = createServer({
      logger: null,
      backend: origin.url,
      forwardedHeaders: false,
      ...clients.options,
      ...options.proxy,
    });
    const address = await proxy.listen(options.listen ?? { host: '127.0.0.1', port: 0 });
    const front = await clients.open(address, options.proxy?.tls !== undefined);
    const rig = new WebSocketRig(proxy, origin, front, accepted);
    rigs.push(rig);
    return rig;
  };
}

/** Sender and receiver of a case. */
export function sides(ends: Ends, sender: Sender): { from: FramePeer; to: FramePeer } {
  const { client, backend } = ends;
  return sender === 'client' ? { from: client, to: backend } : { from: backend, to: client };
}

/** A frame as a case tells it. */
export interface FrameSeen {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv: number;
  /** latin1. */
  readonly payload: string;
}

/** What a receiver should see of a frame that passes. */
export function asSeen(spec: FrameSpec): FrameSeen {
  return {
    opcode: spec.opcode,
    fin: spec.fin ?? true,
    rsv: spec.rsv ?? 0,
    payload: Buffer.from(spec.payload ?? '').toString('latin1'),
  };
}

/** Reads so many frames. */
export async function readFrames(peer: FramePeer, count: number): Promise<FrameSeen[]> {
  const seen: FrameSeen[] = [];
  while (seen.length < count) {
    const { opcode, fin, rsv, payload } = await peer.readFrame();
    seen.push({ opcode, fin, rsv, payload: payload.toString('latin1') });
  }
  return seen;
}

/** Frames in one piece of bytes, as the peer would send them. */
export function wire(peer: FramePeer, specs: readonly FrameSpec[]): Buffer {
  return Buffer.concat(specs.map((spec) => encodeFrame(spec, peer.role === 'client')));
}

/** Waits until what a peer has to send does not get any less. */
export async function atRest({ socket }: { readonly socket: Socket }): Promise<void> {
  let left = -1;
  let turns = 0;
  await eventually(() => {
    turns = socket.writableLength === left ? turns + 1 : 0;
    left = socket.writableLength;
    return turns > 2000;
  }, 'the bytes to come to rest');
}

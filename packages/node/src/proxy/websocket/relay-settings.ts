/** What the relays of a route share: limits, rules for frames and deadlines, worked out once. */
import type { DeadlineQueue, Deadlines } from '@reverseit/core/deadlines';
import type { DeflatePolicy, FrameReaderOptions } from '@reverseit/core/websocket';
import type { ResolvedRouteOptions } from '../../options/route-options.ts';

/**
 * Frames that any message may have. Nothing is gathered here, but a backend may gather. Beyond them,
 * fragments have to hold 16 bytes on average, so that a long message may come in short ones.
 */
const maxFragments = 65_536;
const minFragmentBytes = 16;

/**
 * Shorter messages go to the client as they are, deflate agreed on or not: coding them costs more than it
 * saves.
 */
const deflateFromBytes = 256;

/**
 * How long a peer may take to the next step of closing, in ms: to answer a close frame, to end its
 * connection.
 */
const closeTimeout = 5000;

/** Pings and pongs that one peer may send within `controlWindow` ms; each may make the other one answer. */
export const maxControlFrames = 16_384;
export const controlWindow = 1000;

/**
 * What is agreed on with a client that offers permessage-deflate. Windows of 12 bits: an open WebSocket
 * then holds 8 KiB each way for its windows, and zlib is primed in a fifth of the time that 15 bits take.
 */
export const deflatePolicy: DeflatePolicy = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 12,
  clientMaxWindowBits: 12,
};

/** zlib's own defaults; native memory is held only while a long message is deflated. */
export const deflateEffort = { level: 6, memLevel: 8 } as const;

/**
 * A ping that is sent once in `websocketIdleTimeout` must not come a moment too late: so much more, in ms.
 */
const maxSlack = 5000;

/**
 * After how much silence a WebSocket is closed, in ms: a tenth beyond the option, and 5 s at most. 0 is none.
 */
export function withSlack(timeout: number): number {
  return timeout + Math.min(Math.round(timeout / 10), maxSlack);
}

export class RelaySettings {
  readonly compress: boolean;
  readonly validateUtf8: boolean;
  readonly maxMessageBytes: number;
  readonly maxPendingBytes: number;
  readonly maxPendingFrames: number;
  readonly deadlines: Deadlines;
  /** As configured, in ms, for messages. */
  readonly idleTimeout: number;
  readonly idle: DeadlineQueue;
  readonly closing: DeadlineQueue;
  readonly #plain: FrameRules;
  readonly #compressed: FrameRules;

  constructor(options: ResolvedRouteOptions, deadlines: Deadlines) {
    this.compress = options.websocketCompress;
    this.validateUtf8 = options.websocketValidateUtf8;
    this.maxMessageBytes = options.maxWebsocketFrameSize;
    this.maxPendingBytes = options.maxWebsocketPendingBytes;
    this.maxPendingFrames = options.maxWebsocketPendingFrames;
    this.deadlines = deadlines;
    this.idleTimeout = options.websocketIdleTimeout;
    this.idle = deadlines.queue(withSlack(options.websocketIdleTimeout));
    this.closing = deadlines.queue(closeTimeout);
    this.#plain = frameRules(options, false);
    this.#compressed = frameRules(options, true);
  }

  /** How frames are read, without and with deflate between client and proxy. */
  rules(compressed: boolean): FrameRules {
    return compressed ? this.#compressed : this.#plain;
  }
}

export interface FrameRules {
  readonly fromClient: FrameReaderOptions;
  readonly fromBackend: FrameReaderOptions;
}

function frameRules(options: ResolvedRouteOptions, compressed: boolean): FrameRules {
  const common = {
    maxFrameBytes: options.maxWebsocketFrameSize,
    maxMessageBytes: options.maxWebsocketFrameSize,
    maxFragments,
    minFragmentBytes,
    validateUtf8: options.websocketValidateUtf8,
    passBelowBytes: deflateFromBytes,
    // They are counted, and go on as frames of our own.
    reportPings: true,
  };
  return {
    fromClient: {
      ...common,
      role: 'server',
      compression: compressed,
      reportData: compressed ? 'compressed' : 'none',
    },
    fromBackend: {
      ...common,
      role: 'client',
      // No extension is offered to a backend.
      compression: false,
      reportData: compressed ? 'all' : 'none',
    },
  };
}

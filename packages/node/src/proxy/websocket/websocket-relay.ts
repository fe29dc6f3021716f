/**
 * A WebSocket after its handshake: two directions of frames, and the end of both. What one peer's end
 * means for the other is decided here, and nowhere else:
 *
 *   one peer …                    it gets              the other gets
 *   closes                        the other's answer   its code and reason
 *   closes, no answer in time     its own code back    cut
 *   vanishes                      –                    client 1014, backend 1001
 *   breaks the protocol           1002, 1007–1009      client 1014, backend 1011
 *   neither says anything         1001                 1001
 *   the server closes             1001                 1001
 *
 * A close frame never stands inside another frame: it waits for the end of one that still arrives, and
 * where that end cannot come any more, the connection ends without. Each step of closing has a deadline,
 * after which the connection is cut.
 */
import type { Duplex } from 'node:stream';
import type { SwitchedSocket, Tunnel } from '@reverseit/core';
import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, type ReverseItError, timedOut } from '@reverseit/core/errors';
import type { Place } from '@reverseit/core/internal';
import {
  type CloseStatus,
  closeCodes,
  type DeflateAgreement,
  FrameReader,
  type FrameReaderOptions,
  steps,
} from '@reverseit/core/websocket';
import type { OpenItem } from '../../lifecycle/open-set.ts';
import type { RelayFigures, WebSocketMeter } from '../../metrics/route-meter.ts';
import type { ClosableItem, OpenWebSockets } from './open-websockets.ts';
import { type DirectionOwner, RelayDirection } from './relay-direction.ts';
import type { RelaySettings } from './relay-settings.ts';
import { RelaySide, type SideOwner } from './relay-side.ts';

/** Who is told of a relay's end. */
export interface RelayObserver {
  /**
   * Both connections are closed. `error`: what went wrong first, or null. The bytes are payload of data
   * frames, as the client and as the backend sent it.
   */
  onRelayOver(error: ReverseItError | null, fromClient: number, fromBackend: number): void;
}

/** What a relay is made of. */
export interface RelayParts {
  readonly owner: OpenWebSockets;
  readonly settings: RelaySettings;
  /** What was agreed on with the client; null without compression. */
  readonly agreement: DeflateAgreement | null;
  /** Paused, after its handshake. */
  readonly backend: Duplex;
  /** Answers the client's handshake and hands its socket over. */
  readonly switchClient: (tunnel: Tunnel) => SwitchedSocket;
  readonly observer: RelayObserver | null;
  /** Null where nobody counts. */
  readonly meter: WebSocketMeter | null;
}

export class WebSocketRelay
  implements Tunnel, ClosableItem, SideOwner, DirectionOwner, DeadlineTarget, RelayFigures
{
  // Links of the list of what is open.
  previous: OpenItem | null = null;
  next: OpenItem | null = null;
  readonly #owner: OpenWebSockets;
  readonly #settings: RelaySettings;
  readonly #observer: RelayObserver | null;
  readonly #meter: WebSocketMeter | null;
  /** Where the meter has it, while it is open. */
  #metered: Place<RelayFigures> | null = null;
  readonly #client: RelaySide;
  readonly #backend: RelaySide;
  readonly #toBackend: RelayDirection;
  readonly #toClient: RelayDirection;
  /** Until closing begins that of silence, from then on that of the next step. */
  readonly #deadline = new Deadline(this, 0);
  #closing = false;
  /** A step of closing took too long already. */
  #overdue = false;
  #error: ReverseItError | null = null;

  /** Answers the client's handshake; from then on frames flow. */
  constructor(parts: RelayParts) {
    const { settings, agreement } = parts;
    this.#owner = parts.owner;
    this.#settings = settings;
    this.#observer = parts.observer;
    this.#meter = parts.meter;
    const { socket, early, exclusive } = parts.switchClient(this);
    const client = new RelaySide(true, socket, exclusive, this);
    const backend = new RelaySide(false, parts.backend, true, this);
    const rules = settings.rules(agreement !== null);
    this.#client = client;
    this.#backend = backend;
    this.#toBackend = new RelayDirection(
      client,
      backend,
      this,
      settings,
      rules.fromClient,
      agreement,
    );
    this.#toClient = new RelayDirection(
      backend,
      client,
      this,
      settings,
      rules.fromBackend,
      agreement,
    );
    this.#owner.add(this);
    this.#metered = this.#meter?.onOpen(this) ?? null;
    this.#start(early);
  }

  #start(early: Buffer): void {
    this.#settings.idle.arm(this.#deadline);
    if (this.#isTooMuch(early)) {
      this.#refuse(this.#toBackend, tooMuchPending(this.#settings), closeCodes.goingAway);
    } else this.#toBackend.onData(early);
    if (this.#client.endedBefore) this.onEnd(this.#client);
    if (this.#owner.closing) this.close();
    this.#settle();
  }

  #isTooMuch(early: Buffer): boolean {
    const { maxPendingBytes, maxPendingFrames } = this.#settings;
    if (early.length === 0) return false;
    return early.length > maxPendingBytes || countFrames(early) > maxPendingFrames;
  }

  // The sockets

  onData(side: RelaySide, chunk: Buffer): void {
    this.#touch();
    this.#from(side).onData(chunk);
  }

  onDrain(side: RelaySide): void {
    this.#touch();
    this.#to(side).onDrain();
  }

  onEnd(side: RelaySide): void {
    this.#from(side).onEnd();
  }

  onGone(side: RelaySide): void {
    if (this.#other(side).gone) this.#finish();
    else this.#from(side).onEnd();
  }

  /** Something moves. */
  #touch(): void {
    if (!this.#closing) this.#settings.idle.arm(this.#deadline);
  }

  #from(side: RelaySide): RelayDirection {
    return side.isClient ? this.#toBackend : this.#toClient;
  }

  #to(side: RelaySide): RelayDirection {
    return side.isClient ? this.#toClient : this.#toBackend;
  }

  #other(side: RelaySide): RelaySide {
    return side.isClient ? this.#backend : this.#client;
  }

  // The directions

  onCloseFrame({ source, sink }: RelayDirection, status: CloseStatus): void {
    source.closing.receive(status);
    this.#close(sink, status);
    if (!sink.owesClose) this.#close(source, status);
    this.#awaitNextStep();
    this.#settle();
  }

  onFrameEnd({ sink }: RelayDirection): void {
    const { pendingClose } = sink;
    if (pendingClose === null) return;
    this.#close(sink, pendingClose);
    this.#settle();
  }

  onFailure(direction: RelayDirection, error: ReverseItError): void {
    const { isClient } = direction.source;
    this.#refuse(direction, error, isClient ? closeCodes.internalError : closeCodes.badGateway);
    this.#settle();
  }

  onSourceEnd({ source }: RelayDirection): void {
    // A client that has asked to close can still read the answer.
    const waits = source.isClient && source.closing.state === 'close-received';
    if (!waits || source.gone) this.#lose(source);
    this.#settle();
  }

  // Closing

  /** The server closes; when it is our turn, it calls `close`. */
  shutdown(): void {
    this.#owner.shutdown(this);
  }

  /** Tells both sides that the server closes. */
  close(): void {
    this.#closeBoth({ code: closeCodes.goingAway, reason: 'server is shutting down' });
  }

  destroy(error: ReverseItError): void {
    this.#error ??= error;
    this.#client.destroy();
    this.#backend.destroy();
  }

  onDeadline(): void {
    // It is not the peers that are silent.
    if (!this.#closing && (this.#toBackend.waitsForTurn || this.#toClient.waitsForTurn)) {
      this.#touch();
      return;
    }
    if (!this.#closing) {
      const error = timedOut('RIT_ERR_WS_IDLE', this.#settings.idleTimeout);
      this.#error ??= error;
      this.#closeBoth({ code: error.closeCode, reason: error.message });
      return;
    }
    for (const side of [this.#client, this.#backend]) {
      // Who has asked to close is answered once the other is gone.
      if (this.#overdue || side.closing.state !== 'close-received') side.destroy();
    }
    this.#overdue = true;
    this.#awaitNextStep();
  }

  #closeBoth(status: CloseStatus): void {
    for (const side of [this.#client, this.#backend]) {
      if (side.closing.state === 'open') this.#close(side, status);
    }
    this.#settle();
  }

  /** The peer is gone, or will send nothing more. Harmless after a closing handshake. */
  #lose(side: RelaySide): void {
    if (side.closing.state === 'closed') return;
    side.closing.lose();
    const other = this.#other(side);
    const error = lossOf(side);
    if (!this.#closing) this.#error ??= error;
    this.#answer(other, { code: error.closeCode, reason: error.message });
  }

  /** The source of a direction broke the protocol: it is told with what, the other side with `code`. */
  #refuse(direction: RelayDirection, error: ReverseItError, code: number): void {
    const { source, sink } = direction;
    this.#error ??= error;
    direction.stop();
    source.failed = true;
    this.#close(source, {
      code: error.closeCode === 0 ? closeCodes.internalError : error.closeCode,
      reason: error.message,
    });
    this.#answer(sink, { code, reason: lossOf(source).message });
  }

  /** Closes a side whose other side is lost: with its own code where it has asked to close. */
  #answer(side: RelaySide, status: CloseStatus): void {
    this.#close(side, side.closing.received ?? status);
  }

  /** Sends a close frame, as soon as one may be sent; where none ever may, ends the connection. */
  #close(side: RelaySide, status: CloseStatus): void {
    if (!side.takesFrames) return;
    const direction = this.#to(side);
    if (direction.betweenFrames) side.sendClose(side.pendingClose ?? status);
    else if (direction.mayContinue) {
      side.pendingClose ??= status;
      direction.awaitFrameEnd();
    } else side.end();
    this.#awaitNextStep();
  }

  /** Closing has reached another step, which has a timeout of its own. */
  #awaitNextStep(): void {
    this.#closing = true;
    this.#settings.closing.arm(this.#deadline);
  }

  /** Ends the connections that are done, and lets what waited for a side that takes no more go on. */
  #settle(): void {
    for (const side of [this.#client, this.#backend]) if (isDone(side)) side.end();
    this.#toBackend.pump();
    this.#toClient.pump();
  }

  #finish(): void {
    this.#deadline.clear();
    this.#toBackend.stop();
    this.#toClient.stop();
    this.#owner.remove(this);
    if (this.#metered !== null) this.#meter?.onClose(this.#metered);
    this.#metered = null;
    this.#observer?.onRelayOver(this.#error, this.bytesFromClient, this.bytesFromBackend);
  }

  // What it has carried

  get messagesFromClient(): number {
    return this.#toBackend.messageCount;
  }

  get messagesFromBackend(): number {
    return this.#toClient.messageCount;
  }

  get bytesFromClient(): number {
    return this.#toBackend.payloadBytes;
  }

  get bytesFromBackend(): number {
    return this.#toClient.payloadBytes;
  }
}

/**
 * Whether it is for us to end the connection. After a closing handshake a server ends first (RFC 6455
 * §7.1.1): we towards a client, the backend towards us. Else whoever fails the connection (§7.1.7).
 */
function isDone(side: RelaySide): boolean {
  if (side.failed) return !side.closing.maySend;
  return side.closing.state === 'closed' && (side.isClient || !side.closing.clean);
}

function lossOf(side: RelaySide): ReverseItError {
  return createError(side.isClient ? 'RIT_ERR_WS_CLIENT_LOST' : 'RIT_ERR_WS_UPSTREAM_LOST');
}

function tooMuchPending({ maxPendingBytes, maxPendingFrames }: RelaySettings): ReverseItError {
  const text = `more than maxWebsocketPendingBytes (${maxPendingBytes}) or maxWebsocketPendingFrames (${maxPendingFrames}) before the backend accepted the WebSocket`;
  return createError('RIT_ERR_WS_PENDING', text);
}

/** Frames that begin in the bytes; those of invalid bytes end with the first invalid one. */
function countFrames(bytes: Buffer): number {
  const reader = new FrameReader(anyFrames);
  reader.push(bytes);
  for (;;) {
    const step = reader.next();
    if (step === steps.needData || step === steps.failed) return reader.frameCount;
  }
}

const anyFrames: FrameReaderOptions = {
  role: 'server',
  compression: true,
  maxFrameBytes: Number.POSITIVE_INFINITY,
  maxMessageBytes: Number.POSITIVE_INFINITY,
  maxFragments: Number.POSITIVE_INFINITY,
  validateUtf8: false,
  // Nothing is unmasked, so the bytes stay as they are.
  reportData: 'none',
  passBelowBytes: 0,
  reportPings: false,
};

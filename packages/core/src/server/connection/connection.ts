/**
 * One client connection: feeds the parser, runs exchanges one at a time and in order, and owns what
 * waits and what is held. At most one read of the socket is held back, and beyond `mostHeld` of
 * pipelined bytes the socket is not read at all.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { timedOut } from '../../errors/passed-limit.ts';
import { fail, ReverseItError } from '../../errors/reverseit-error.ts';
import type { ContentSink } from '../../http1/body/chunked-reader.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import { PARSER, RequestParser } from '../../http1/request-parser.ts';
import { freeMemory } from '../../io/free-memory.ts';
import { HeldBytes } from '../../io/held-bytes.ts';
import { COST, TurnShare, type TurnTaker } from '../../io/turn-share.ts';
import { Deadline, type DeadlineTarget } from '../../time/deadlines.ts';
import { type ClientConnection, clientConnection } from '../exchange/client-connection.ts';
import { errorResponse } from '../exchange/error-response.ts';
import type { Exchange, SwitchedSocket, Tunnel } from '../exchange/exchange.ts';
import type { OpenConnection, ServerContext } from '../exchange/server-context.ts';
import { clientAddress } from './client-address.ts';
import { ConnectionExchange, type ExchangeConnection } from './connection-exchange.ts';
import { cutSocket } from './cut-socket.ts';
import { LingeringClose } from './lingering-close.ts';
import { PeerProbe } from './peer-probe.ts';
import { SendWatch, type WatchedSender } from './send-watch.ts';
import { SocketInput, type SocketInputOwner } from './socket-input.ts';
import { SocketWriter } from './socket-writer.ts';

/** Pipelined bytes that are held while an exchange is under way; beyond them the socket is paused. */
const mostHeld = 65536;
/** Content that is read and dropped after an early response, to keep the connection; beyond it, the connection ends. */
const mostDiscarded = 65536;

/** Longest time that content is read and dropped, in ms. */
const discardTimeout = 5000;

/** A deadline that passes while its connection waits for its turn is looked at again after so many ms. */
const turnGrace = 250;

/** How long a client that has been idle for less is waited for when the server closes, in ms. */
const closingGrace = 250;

export class Connection
  implements
    OpenConnection,
    ExchangeConnection,
    SocketInputOwner,
    ContentSink,
    WatchedSender,
    TurnTaker,
    DeadlineTarget
{
  readonly writer: SocketWriter;
  readonly #input: SocketInput;
  readonly #context: ServerContext;
  readonly #socket: Socket;
  readonly #parser: RequestParser;
  readonly #readDeadline = new Deadline(this, 0);
  readonly #share = new TurnShare(this);
  /** What a switch of protocols takes off the socket again. */
  readonly #listeners: {
    readonly drain: () => void;
    readonly end: () => void;
  };
  /** Made when the client's host first takes no more. */
  #sendWatch: SendWatch | null = null;
  #exchange: Exchange | null = null;
  /** The response of the current exchange is complete. */
  #responded = false;
  /** Content of the current request is wanted. */
  #reading = false;
  /** The handler has been told that the request is complete, or need not be told. */
  #contentEnded = true;
  #contentIdleTimeout = 0;
  #continueSent = false;
  /** The client's content is broken off, and its request is being answered. */
  #faulty = false;
  /** Content is read and dropped, so much of it so far: the response came before the request's end. */
  #discarded = -1;
  /** Bytes that cannot be consumed yet. */
  readonly #held = new HeldBytes();
  #mostHeld = mostHeld;
  #tunnel: Tunnel | null = null;
  #consuming = false;
  /** The piece of content that its handler is being told of; null once it has given it back. */
  #piece: Buffer | null = null;
  /** Of the chunk that is being consumed, a piece is held on to. */
  #pieceKept = false;
  /** Content that the present read of the parser has brought, in bytes. */
  #contentBytes = 0;
  /** Of the chunk that is being consumed, bytes are left. */
  #moreToConsume = false;
  /** The head deadline runs; it is not refreshed by bytes. */
  #headDeadlineArmed = true;
  #served = 0;
  #peerEnded = false;
  #closed = false;
  #probe: PeerProbe | null = null;

  constructor(context: ServerContext, socket: Socket) {
    this.#context = context;
    this.#socket = socket;
    this.writer = new SocketWriter(socket, this);
    this.#input = new SocketInput(socket, this);
    this.#parser = new RequestParser(context.limits);
    this.#listeners = {
      drain: () => this.#onDrain(),
      end: () => this.#onEnd(),
    };
    socket.on('drain', this.#listeners.drain);
    socket.on('end', this.#listeners.end);
    socket.on('error', (error) => this.#onClose(error));
    socket.on('close', () => {
      this.#onClose(undefined);
      this.#share.cancel();
      context.onConnectionClosed(this);
    });
    context.headDeadlines.arm(this.#readDeadline);
  }

  get remoteAddress(): string {
    return clientAddress(this.#socket.remoteAddress);
  }

  get remotePort(): number {
    return this.#socket.remotePort ?? 0;
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  get encrypted(): boolean {
    return (this.#socket as Partial<TLSSocket>).encrypted === true;
  }

  get client(): ClientConnection {
    return clientConnection(this.#socket);
  }

  get requestComplete(): boolean {
    return this.#parser.state === PARSER.COMPLETE;
  }

  get ending(): boolean {
    return (
      this.#context.closing ||
      (this.#peerEnded && this.#held.length === 0 && !this.#moreToConsume) ||
      this.#served >= this.#context.maxRequestsPerConnection ||
      this.#continueWithheld
    );
  }

  /** The client waits for 100 (Continue) and has not got it: it will send the content, or will not, and nobody can know which. */
  get #continueWithheld(): boolean {
    return (
      !this.#continueSent &&
      this.#parser.state === PARSER.BODY &&
      this.#parser.head?.expectContinue === true
    );
  }

  /** Whether no request is under way: the connection can be closed without loss. */
  get idle(): boolean {
    if (this.#share.waiting) return false;
    return this.#exchange === null && this.#held.length === 0 && !this.#parser.insideHead;
  }

  /**
   * Ends the connection with its response, or where it is idle. If it became idle only now, a client that
   * is busy may be sending its next request already, which is still served.
   */
  shutdown(): void {
    if (this.#tunnel !== null) this.#callTunnel(this.#tunnel, null);
    else if (this.#closed || !this.idle) return;
    else if (this.#readDeadline.elapsed(this.#context.deadlines.now()) >= closingGrace) {
      this.#finish();
    } else {
      this.#headDeadlineArmed = false;
      this.#context.deadlines.queue(closingGrace).arm(this.#readDeadline);
    }
  }

  /** Cuts the connection at once. */
  destroy(error: ReverseItError): void {
    const socket = this.#socket;
    const incomplete =
      this.#tunnel === null &&
      ((this.#exchange !== null && !this.#responded) || socket.writableLength > 0);
    if (this.#tunnel !== null) this.#callTunnel(this.#tunnel, error);
    this.#onClose(error);
    if (incomplete) cutSocket(socket);
    else socket.destroy();
  }

  /** Ends a tunnel, in good order or with an error. What it throws must not keep the server from closing. */
  #callTunnel(tunnel: Tunnel, error: ReverseItError | null): void {
    try {
      if (error === null) tunnel.shutdown();
      else tunnel.destroy(error);
    } catch (cause) {
      this.#context.onFailure(fail('RIT_ERR_INTERNAL', 'a tunnel threw', { cause }));
    }
  }

  // Reading

  onBytes(bytes: Buffer): void {
    this.#share.spend(this.#input.costOfRead);
    if (this.#closed) {
      // What comes after the last response is dropped, but not for nothing.
      this.#share.spend(bytes.length * COST.BYTE);
      this.#yieldIfSpent();
    } else if (this.#held.length > 0 || this.#share.waiting) {
      this.#held.append(this.#input.hold(bytes));
      if (this.#held.length >= this.#mostHeld) this.#input.pause();
    } else this.#consume(bytes);
  }

  /** Others have had their turn. */
  onTurn(): void {
    if (!this.#closed) this.#release();
    if (!this.#share.waiting && this.#held.length < this.#mostHeld) this.#input.resume();
  }

  /** Leaves the rest of the turn to others where the share is spent. */
  #yieldIfSpent(): void {
    if (!this.#share.spent) return;
    this.#input.pause();
    this.#share.yield();
  }

  get expectsContent(): boolean {
    return this.#reading && this.#parser.state === PARSER.BODY;
  }

  /** Feeds the parser until the chunk is used up, or held, or the connection ends. */
  #consume(chunk: Buffer): void {
    this.#consuming = true;
    this.#pieceKept = false;
    try {
      this.#feed(chunk);
    } catch (cause) {
      // A mistake of ours: nobody would ever end the exchange.
      this.#abort(fail('RIT_ERR_INTERNAL', undefined, { cause }));
      throw cause;
    } finally {
      this.#consuming = false;
      this.#moreToConsume = false;
    }
    if (this.#closed) return;
    if (!this.#pieceKept && this.#held.length === 0) this.#input.free(chunk);
    this.#yieldIfSpent();
    // What has come is looked at before anybody is late.
    if (this.#held.length === 0 || !this.#share.waiting) this.#armReadDeadline();
  }

  #feed(chunk: Buffer): void {
    if (this.#faulty) {
      // Dropped, but not for nothing.
      this.#share.spend(chunk.length * COST.BYTE);
      return;
    }
    let offset = 0;
    while (!this.#closed && !this.#faulty) {
      const parser = this.#parser;
      const { state } = parser;
      if (state === PARSER.HEAD || state === PARSER.BODY) {
        if (offset >= chunk.length) return;
        // The rest has to wait for its reader, or for the next turn.
        if ((state === PARSER.BODY && !this.#reading) || this.#share.spent) {
          this.#hold(chunk, offset);
          return;
        }
        if (state === PARSER.HEAD) this.#readHead(chunk, offset);
        else this.#readBody(chunk, offset);
        offset = parser.offset;
        if (state === PARSER.BODY) this.#tellAnnounced(parser.announced);
      } else if (parser.state === PARSER.COMPLETE) {
        if (!this.#endRequest(chunk, offset)) return;
      } else {
        this.#refuse(parser.error as ReverseItError);
      }
    }
  }

  #readHead(chunk: Buffer, offset: number): void {
    const parser = this.#parser;
    const head = parser.readHead(chunk, offset);
    const end = parser.offset;
    this.#share.spend((end - offset) * COST.PARSED_BYTE);
    this.#moreToConsume = end < chunk.length;
    if (head === null) return;
    this.#share.spend(COST.MESSAGE);
    this.#begin(head);
  }

  #readBody(chunk: Buffer, offset: number): void {
    const parser = this.#parser;
    this.#contentBytes = 0;
    parser.readBody(chunk, offset, this);
    const content = this.#contentBytes;
    const framing = parser.offset - offset - content;
    this.#share.spend(content * COST.BYTE + framing * COST.PARSED_BYTE);
    this.#moreToConsume = parser.offset < chunk.length;
  }

  #begin(head: RequestHead): void {
    this.#readDeadline.clear();
    this.#headDeadlineArmed = false;
    this.#served++;
    this.#responded = false;
    this.#reading = false;
    this.#continueSent = false;
    this.#discarded = -1;
    this.#contentEnded = this.#parser.state === PARSER.COMPLETE;
    const exchange = new ConnectionExchange(head, this);
    this.#exchange = exchange;
    this.#context.onExchangeStart();
    exchange.callListener(this.#context.listener);
  }

  onContent(piece: Buffer): void {
    this.#contentBytes += piece.length;
    if (this.#discarded >= 0) {
      this.#discarded += piece.length;
      return;
    }
    if (this.#responded || this.#exchange === null) return;
    const kept = this.#input.keep(piece);
    this.#piece = kept;
    this.#exchange.callContent(kept);
    if (this.#piece !== null) this.#pieceKept = true;
    this.#piece = null;
  }

  /** Before the content has come: what is too much can be refused at the header of its chunk. */
  #tellAnnounced(length: number): void {
    if (length === 0 || this.#responded || this.#parser.state !== PARSER.BODY) return;
    this.#exchange?.handler.onContentAnnounced?.(length);
  }

  /** The request is complete. True when the next one may be read. */
  #endRequest(chunk: Buffer, offset: number): boolean {
    if (!this.#contentEnded) {
      this.#contentEnded = true;
      this.#reading = false;
      this.#readDeadline.clear();
      if (!this.#responded) this.#exchange?.callContentEnd(this.#parser.trailers);
    }
    if (this.#closed) return false;
    if (!this.#responded || this.writer.needsDrain) {
      this.#hold(chunk, offset);
      if (this.#peerEnded) this.#startProbe();
      return false;
    }
    this.#exchange = null;
    this.#parser.next();
    return true;
  }

  #hold(chunk: Buffer, offset: number): void {
    if (offset >= chunk.length) return;
    this.#held.append(this.#input.hold(offset === 0 ? chunk : chunk.subarray(offset)));
    // Not before: a socket that is not read does not tell that its client has left.
    if (this.#held.length >= this.#mostHeld) this.#input.pause();
  }

  /** Goes on with what is held, and with the socket, unless others come first. */
  #release(): void {
    if (this.#consuming || this.#closed || this.#share.waiting) return;
    this.#consume(this.#held.take());
    if (this.#held.length === 0 && !this.#closed && !this.#share.waiting) this.#input.resume();
  }

  // What the exchange asks for

  readContent(idleTimeout: number): void {
    if (this.#closed || this.#reading || this.#parser.state !== PARSER.BODY) return;
    this.#reading = true;
    this.#contentIdleTimeout = idleTimeout;
    const exchange = this.#exchange;
    if (this.#continueWithheld && exchange !== null) {
      // RFC 9110 §10.1.1: no need for it when the content has begun to arrive; no use behind a final head.
      if (this.#held.length > 0 || this.#moreToConsume) this.#continueSent = true;
      else if (!exchange.headSent) {
        this.#continueSent = true;
        exchange.sendInterim(100, []);
      }
    }
    if (this.#consuming) return;
    this.#release();
  }

  pauseContent(): void {
    this.#reading = false;
    if (this.#parser.state === PARSER.BODY && !this.#headDeadlineArmed) this.#readDeadline.clear();
  }

  giveBack(piece: Buffer): void {
    // Of a piece that has just come, the rest of the chunk may still be of use.
    if (piece === this.#piece) {
      this.#piece = null;
      this.#input.takeBack();
    } else freeMemory(piece);
  }

  beginResponse(): number {
    return this.#probe === null ? 0 : this.#probe.begin();
  }

  responseDone(keepAlive: boolean): void {
    if (this.#closed) return;
    this.#responded = true;
    this.#probe?.stop();
    this.#probe = null;
    this.#context.onExchangeEnd();
    if (!keepAlive || this.#context.closing) {
      this.#finish();
      return;
    }
    if (this.#parser.state === PARSER.BODY && !this.#discardRest()) {
      this.#finish();
      return;
    }
    this.#release();
  }

  /** After an early response: reads the rest of the request and drops it, if that is not much. */
  #discardRest(): boolean {
    if (this.#continueWithheld) return false;
    this.#discarded = 0;
    this.#reading = true;
    // Once, and not for each piece that comes: a drip would keep the connection for hours.
    this.#context.deadlines.queue(discardTimeout).arm(this.#readDeadline);
    return true;
  }

  cut(): void {
    if (this.#closed) return;
    this.#context.onExchangeEnd();
    this.#exchange = null;
    // Answers to requests before this one.
    this.writer.flush();
    this.#onClose(undefined);
    // RST: a response until close must not look complete.
    cutSocket(this.#socket);
  }

  report(error: ReverseItError): void {
    this.#context.onFailure(error);
  }

  holdUpTo(bytes: number): void {
    this.#mostHeld = Math.max(mostHeld, bytes);
  }

  surrender(head: string, tunnel: Tunnel): SwitchedSocket {
    if (this.#consuming) {
      throw fail(
        'RIT_ERR_INTERNAL',
        'cannot upgrade inside the request listener; do it in a later turn',
      );
    }
    const socket = this.#socket;
    const early = this.#held.take();
    this.writer.pushAndFlush(head);
    this.#context.onExchangeEnd();
    this.#exchange = null;
    this.#detach();
    this.#tunnel = tunnel;
    this.#input.surrender();
    const { drain, end } = this.#listeners;
    socket.off('drain', drain).off('end', end);
    return { socket, early, exclusive: true };
  }

  // Waiting

  #armReadDeadline(): void {
    if (this.#faulty) return;
    const { state } = this.#parser;
    if (state === PARSER.BODY) this.#armContentDeadline();
    else if (state === PARSER.HEAD && this.#exchange === null) {
      if (this.#peerEnded || (this.#context.closing && this.idle)) this.#finish();
      else if (this.#parser.insideHead) {
        if (!this.#headDeadlineArmed) {
          this.#headDeadlineArmed = true;
          this.#context.headDeadlines.arm(this.#readDeadline);
        }
      } else if (this.#served > 0) this.#context.keepAliveDeadlines.arm(this.#readDeadline);
    }
  }

  #armContentDeadline(): void {
    if (this.#responded) {
      if (this.#discarded > mostDiscarded || this.#peerEnded) this.#finish();
    } else if (this.#peerEnded && this.#held.length === 0) {
      this.#abort(fail('RIT_ERR_INCOMPLETE_BODY'));
    } else if (this.#reading) {
      this.#context.deadlines.queue(this.#contentIdleTimeout).arm(this.#readDeadline);
    }
  }

  onDeadline(): void {
    // It is not the client that is late.
    if (this.#share.waiting) this.#context.deadlines.queue(turnGrace).arm(this.#readDeadline);
    else if (this.#parser.state === PARSER.BODY) {
      if (this.#responded) this.#finish();
      else this.#refuse(timedOut('RIT_ERR_BODY_TIMEOUT', this.#contentIdleTimeout));
    } else if (this.#headDeadlineArmed) {
      this.#refuse(timedOut('RIT_ERR_HEAD_TIMEOUT', this.#context.headDeadlines.ms));
    } else this.#finish();
  }

  /** A client that takes nothing of its response must not hold it for ever. */
  onBlocked(): void {
    if (this.#closed) return;
    this.#sendWatch ??= new SendWatch(this, this.#context.sendDeadlines);
    this.#sendWatch.start();
  }

  get bytesTaken(): number {
    return this.writer.bytesTaken;
  }

  onSendTimeout(): void {
    this.#abort(timedOut('RIT_ERR_SEND_TIMEOUT', this.#context.sendDeadlines.ms));
  }

  #onDrain(): void {
    if (this.#closed) return;
    this.#sendWatch?.stop();
    if (this.#responded) this.#release();
    else this.#exchange?.callDrain();
  }

  // Ending

  #onEnd(): void {
    if (this.#closed) return;
    this.#peerEnded = true;
    if (this.#exchange === null || this.#responded) {
      if (this.#held.length === 0) this.#finish();
    } else if (this.#faulty || this.#parser.state === PARSER.COMPLETE || this.#held.length > 0) {
      this.#startProbe();
    } else this.#abort(fail('RIT_ERR_INCOMPLETE_BODY'));
  }

  /** Half-closed or gone? The response's bytes will tell. */
  #startProbe(): void {
    if (this.#exchange === null || this.#responded) return;
    this.#probe ??= new PeerProbe(
      this.#exchange,
      this.#socket,
      this.writer,
      this.#context.deadlines,
      () => this.#abort(fail('RIT_ERR_CLIENT_ABORTED')),
    );
  }

  /** Answers an error of the client's own, and ends the connection. */
  #refuse(error: ReverseItError): void {
    const exchange = this.#exchange;
    if (exchange !== null && !this.#responded) {
      if (!this.#faulty) this.#refuseContent(exchange, error);
      return;
    }
    // A fault in content that is only dropped has its response already.
    if (exchange === null) {
      this.#context.onRefusal(error);
      if (error.status !== 0) {
        this.writer.pushAndFlush(errorResponse(error, this.#parser.asksByHead));
      }
    }
    this.#finish();
  }

  /** Nothing that follows can be read, whoever answers. */
  #refuseContent(exchange: Exchange, error: ReverseItError): void {
    this.#faulty = true;
    this.pauseContent();
    exchange.refuse(error);
  }

  #abort(error: ReverseItError): void {
    this.writer.flush();
    try {
      this.#onClose(error);
    } finally {
      cutSocket(this.#socket);
    }
  }

  /** Ends the connection in good order: what is written is delivered, what still comes is dropped. */
  #finish(): void {
    if (this.#closed) return;
    this.writer.flush();
    this.#detach();
    this.#exchange = null;
    new LingeringClose(this.#socket, this.#context, this.#peerEnded);
  }

  #onClose(cause: Error | undefined): void {
    if (this.#closed) return;
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#detach();
    if (exchange !== null && !this.#responded) {
      this.#context.onExchangeEnd();
      exchange.abandon(
        cause instanceof ReverseItError
          ? cause
          : fail('RIT_ERR_CLIENT_ABORTED', undefined, { cause }),
      );
    }
  }

  #detach(): void {
    this.#closed = true;
    this.#readDeadline.clear();
    this.#sendWatch?.stop();
    this.#probe?.stop();
    this.#probe = null;
    this.#held.take();
    this.#share.cancel();
    this.#parser.free();
  }
}

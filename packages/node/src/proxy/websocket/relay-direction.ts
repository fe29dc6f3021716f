/**
 * One direction of a relay: the frames that one peer sends, checked and passed on to the other. What is
 * read waits here, and the peer is not read, while the other peer takes no more: at most one chunk.
 */
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { COST, releaseBytes, TurnShare, type TurnTaker } from '@reverseit/core/internal';
import {
  type CloseStatus,
  type DeflateAgreement,
  FrameReader,
  type FrameReaderOptions,
  frame,
  opcodes,
  type Step,
  steps,
} from '@reverseit/core/websocket';
import { type CodecOwner, MessageCodec } from './message-codec.ts';
import { controlWindow, maxControlFrames, type RelaySettings } from './relay-settings.ts';
import type { RelaySide } from './relay-side.ts';

export interface DirectionOwner {
  /** The peer's close frame came. */
  onCloseFrame(direction: RelayDirection, status: CloseStatus): void;
  /** The peer broke the protocol, or a codec failed; what it sends is not read any more. */
  onFailure(direction: RelayDirection, error: ReverseItError): void;
  /** A close frame waits for the sink, and may go now. */
  onFrameEnd(direction: RelayDirection): void;
  /** The peer ended its sending, and all that it sent has passed. */
  onSourceEnd(direction: RelayDirection): void;
}

export class RelayDirection implements CodecOwner, TurnTaker {
  readonly source: RelaySide;
  readonly sink: RelaySide;
  readonly #owner: DirectionOwner;
  readonly #settings: RelaySettings;
  readonly #reader: FrameReader;
  /** Between compressed messages and plain ones; null where both sides take the same. */
  readonly #codec: MessageCodec | null;
  readonly #share = new TurnShare(this);
  #pumping = false;
  /** Nothing of the source is passed any more. */
  #over = false;
  /** The source's FIN came while something waited. */
  #endWaits = false;
  #controls = 0;
  #controlsSince = 0;

  constructor(
    source: RelaySide,
    sink: RelaySide,
    owner: DirectionOwner,
    settings: RelaySettings,
    rules: FrameReaderOptions,
    agreement: DeflateAgreement | null,
  ) {
    this.source = source;
    this.sink = sink;
    this.#owner = owner;
    this.#settings = settings;
    this.#reader = new FrameReader(rules);
    this.#codec = agreement === null ? null : new MessageCodec(sink, this, settings, agreement);
  }

  /** Payload bytes of data frames that the source has sent. */
  get payloadBytes(): number {
    return this.#reader.payloadBytes;
  }

  /** Whole messages that the source has sent. */
  get messageCount(): number {
    return this.#reader.messageCount;
  }

  /** Whether a frame of our own may go to the sink now. */
  get betweenFrames(): boolean {
    return this.#reader.betweenFrames;
  }

  /** Whether the rest of a frame that was forwarded in part may still come. */
  get mayContinue(): boolean {
    return !this.#over && this.source.closing.mayReceive;
  }

  /** Ends what passes with each frame, so that a close frame can be put in. */
  awaitFrameEnd(): void {
    this.#reader.stopAtFrameEnd = true;
  }

  /** What has come waits for its turn. */
  get waitsForTurn(): boolean {
    return this.#share.waiting;
  }

  /** What the source sent. */
  onData(chunk: Buffer): void {
    this.#share.spend(COST.READ);
    if (this.#over) {
      this.#drop(chunk);
      return;
    }
    this.#reader.push(chunk);
    this.pump();
    // What has been read to its end and has left, nobody holds on to: codecs copy.
    if (this.#over || !this.source.exclusive) return;
    if (this.#reader.drained && this.sink.isFlushed) releaseBytes(chunk);
  }

  /** What still comes of a peer that is not listened to any more goes nowhere, but not for nothing. */
  #drop(chunk: Buffer): void {
    this.#share.spend(chunk.length * COST.BYTE);
    if (this.source.exclusive) releaseBytes(chunk);
    if (!this.#share.spent || this.source.gone) return;
    this.#share.yield();
    this.source.pause();
  }

  /** The source sends no more. What came of it before is still passed on. */
  onEnd(): void {
    if (this.#over || !this.#mustWait) this.#owner.onSourceEnd(this);
    else this.#endWaits = true;
  }

  /** The sink takes more. */
  onDrain(): void {
    this.#codec?.resume();
    this.pump();
  }

  /** Others have had their turn. */
  onTurn(): void {
    this.pump();
  }

  /** Passes on what waits, as far as the sink takes it and the source's share of the turn allows. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#over && !this.#mustWait && this.#step()) {
      if (this.#share.spent) this.#share.yield();
    }
    if (this.#share.spent && !this.#over) this.#share.yield();
    this.#pumping = false;
    this.sink.flush();
    if (this.#over ? this.#share.waiting : this.#mustWait) {
      this.source.pause();
      return;
    }
    this.source.resume();
    if (this.#endWaits) {
      this.#endWaits = false;
      this.#owner.onSourceEnd(this);
    }
  }

  /** Stops for good, and releases native memory. */
  stop(): void {
    this.#over = true;
    this.#share.cancel();
    this.#codec?.destroy();
  }

  /** A sink that takes no frames is no reason to wait for it: the source may still want to close. */
  get #mustWait(): boolean {
    if (this.#share.waiting) return true;
    return this.sink.takesFrames && (this.sink.blocked || this.#codec?.busy === true);
  }

  /** Does the next thing in the chunk. False when there is none. */
  #step(): boolean {
    const reader = this.#reader;
    const framesBefore = reader.frameCount;
    const step = reader.next();
    this.#share.spend((reader.frameCount - framesBefore) * COST.FRAME);
    switch (step) {
      case steps.needData:
        return false;
      case steps.pass:
        this.#share.spend(reader.bytes.length * COST.BYTE);
        this.sink.push(reader.bytes);
        break;
      case steps.control:
        this.#onControl();
        break;
      case steps.failed:
        this.#fail(reader.error ?? createError('RIT_ERR_INTERNAL'));
        return false;
      default:
        if (this.sink.takesFrames) this.#code(step);
        break;
    }
    if (this.sink.pendingClose !== null && reader.betweenFrames) this.#owner.onFrameEnd(this);
    return true;
  }

  #onControl(): void {
    const { header, close, controlPayload } = this.#reader;
    if (header.opcode === opcodes.close) {
      if (close !== null) this.#owner.onCloseFrame(this, close);
    } else if (this.#floods()) this.#fail(createError('RIT_ERR_WS_CONTROL_FLOOD'));
    else {
      this.#share.spend(COST.CONTROL_FRAME);
      const key = this.sink.isClient ? null : header.maskingKey;
      this.sink.push(frame(true, false, header.opcode, controlPayload, key));
    }
  }

  #floods(): boolean {
    const now = this.#settings.deadlines.now();
    if (now - this.#controlsSince > controlWindow) {
      this.#controlsSince = now;
      this.#controls = 0;
    }
    return ++this.#controls > maxControlFrames;
  }

  #code(step: Step): void {
    const codec = this.#codec;
    const { header } = this.#reader;
    if (codec === null) return;
    if (step === steps.payload) {
      this.#share.spend(this.#reader.bytes.length * COST.CODED_BYTE);
      codec.write(this.#reader.bytes);
    } else if (step === steps.frameEnd) {
      if (header.fin) {
        this.#share.spend(COST.CODED_MESSAGE);
        codec.end();
      } else codec.endFragment();
    } else if (header.opcode !== opcodes.continuation) codec.begin(header.opcode);
  }

  onCodecFrames(bytes: number): void {
    if (!this.sink.isClient) this.#share.spend(bytes * COST.INFLATED_BYTE);
    if (!this.#pumping) this.sink.flush();
  }

  onCodecReady(): void {
    this.pump();
  }

  onCodecFailed(error: ReverseItError): void {
    this.#fail(error);
  }

  #fail(error: ReverseItError): void {
    if (this.#over) return;
    this.stop();
    this.#owner.onFailure(this, error);
  }
}

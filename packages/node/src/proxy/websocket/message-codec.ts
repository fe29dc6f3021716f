/**
 * Takes the messages of one direction off the client's compression, or puts them under it: payload goes
 * in, frames come out. They come in chunks, as fragments; a message below the codecs' threshold (16 KiB)
 * comes as one frame when it is complete.
 */
import { createError, type ReverseItError } from '@reverseit/core/errors';
import {
  type CodecSink,
  type DeflateAgreement,
  Deflater,
  FragmentWriter,
  Inflater,
  opcodes,
  Utf8Stream,
} from '@reverseit/core/websocket';
import { deflateEffort, type RelaySettings } from './relay-settings.ts';
import type { RelaySide } from './relay-side.ts';

/** What is told of a codec. */
export interface CodecOwner {
  /** Frames with so many bytes of payload were added to the sink. */
  onCodecFrames(bytes: number): void;
  /** It is not busy any more. */
  onCodecReady(): void;
  /** It will do no more. */
  onCodecFailed(error: ReverseItError): void;
}

export class MessageCodec implements CodecSink {
  readonly #sink: RelaySide;
  readonly #owner: CodecOwner;
  readonly #codec: Inflater | Deflater;
  readonly #writer = new FragmentWriter();
  /** Checks inflated text. Text to be deflated was checked where it was read. */
  readonly #text: Utf8Stream | null;
  #checking = false;

  constructor(
    sink: RelaySide,
    owner: CodecOwner,
    settings: RelaySettings,
    agreement: DeflateAgreement,
  ) {
    this.#sink = sink;
    this.#owner = owner;
    if (sink.isClient) {
      this.#text = null;
      this.#codec = new Deflater(
        {
          windowBits: agreement.serverMaxWindowBits,
          contextTakeover: !agreement.serverNoContextTakeover,
          ...deflateEffort,
        },
        this,
      );
    } else {
      this.#text = settings.validateUtf8 ? new Utf8Stream() : null;
      this.#codec = new Inflater(
        {
          windowBits: agreement.clientMaxWindowBits,
          contextTakeover: !agreement.clientNoContextTakeover,
          maxMessageBytes: settings.maxMessageBytes,
        },
        this,
      );
    }
  }

  /** Nothing may be handed in. */
  get busy(): boolean {
    return this.#codec.busy;
  }

  /** A message begins: text or binary. */
  begin(opcode: number): void {
    this.#writer.begin(opcode, this.#sink.isClient);
    this.#checking = this.#text !== null && opcode === opcodes.text;
    if (this.#checking) this.#text?.reset();
  }

  /** Payload of it, unmasked; it is copied. */
  write(bytes: Uint8Array): void {
    this.#codec.write(bytes);
  }

  /** A frame of the message is complete, and another follows. */
  endFragment(): void {
    if (this.#codec instanceof Inflater) this.#codec.endFragment();
  }

  /** The message is complete. */
  end(): void {
    this.#codec.end();
  }

  /** The sink takes more. */
  resume(): void {
    this.#codec.resume();
  }

  /** Releases native memory. Nothing follows. */
  destroy(): void {
    this.#codec.destroy();
  }

  onCodecOutput(chunk: Uint8Array, last: boolean): boolean {
    if (this.#checking && !this.#isText(chunk, last)) {
      this.destroy();
      this.#owner.onCodecFailed(createError('RIT_ERR_WS_UTF8'));
      return true;
    }
    if (chunk.length > 0 || last) {
      this.#sink.push(this.#writer.write(chunk, last, this.#sink.maskingKey));
      this.#owner.onCodecFrames(chunk.length);
    }
    return !this.#sink.blocked;
  }

  #isText(chunk: Uint8Array, last: boolean): boolean {
    const text = this.#text;
    return text === null || (text.push(chunk, 0, chunk.length) && (!last || text.complete));
  }

  onCodecReady(): void {
    this.#owner.onCodecReady();
  }

  onCodecError(error: ReverseItError): void {
    this.#owner.onCodecFailed(error);
  }
}

/** What a peer has told us of itself, as far as it matters: we send no frame that is larger than any peer takes. */
import {
  defaultWindow,
  H2_ERROR,
  type Http2ErrorCode,
  maxFrameBytes,
  maxWindow,
  SETTING,
} from './protocol.ts';

export class PeerSettings {
  initialWindow = defaultWindow;
  /** Streams that we may open at a time. */
  maxStreams = Number.POSITIVE_INFINITY;
  /** Whether the latest settings said something about the table that the peer keeps for us. */
  tableSizeSeen = false;
  /** By how much the window of every stream has changed with the latest settings (RFC 9113 §6.9.2). */
  windowChange = 0;
  readonly #peer: 'client' | 'server';

  constructor(peer: 'client' | 'server') {
    this.#peer = peer;
  }

  /** Applies settings. Returns what is wrong with them, or `NO_ERROR`. */
  apply(payload: Buffer): Http2ErrorCode {
    const before = this.initialWindow;
    this.tableSizeSeen = false;
    for (let at = 0; at < payload.length; at += 6) {
      const id = payload.readUInt16BE(at);
      const value = payload.readUInt32BE(at + 2);
      if (id === SETTING.INITIAL_WINDOW_SIZE) {
        if (value > maxWindow) return H2_ERROR.FLOW_CONTROL_ERROR;
        this.initialWindow = value;
      } else if (id === SETTING.HEADER_TABLE_SIZE) this.tableSizeSeen = true;
      else if (id === SETTING.MAX_CONCURRENT_STREAMS) this.maxStreams = value;
      else if (!this.#isAllowed(id, value)) return H2_ERROR.PROTOCOL_ERROR;
    }
    this.windowChange = this.initialWindow - before;
    return H2_ERROR.NO_ERROR;
  }

  #isAllowed(id: number, value: number): boolean {
    if (id === SETTING.MAX_FRAME_SIZE) return value >= maxFrameBytes && value <= 0xff_ffff;
    // RFC 9113 §6.5.2: a server pushes, and is not pushed to.
    if (id === SETTING.ENABLE_PUSH && this.#peer === 'server') return value === 0;
    return value <= 1 || !switches.has(id);
  }
}

/** What is on or off (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1). */
const switches: ReadonlySet<number> = new Set([
  SETTING.ENABLE_PUSH,
  SETTING.ENABLE_CONNECT_PROTOCOL,
  SETTING.NO_RFC7540_PRIORITIES,
]);

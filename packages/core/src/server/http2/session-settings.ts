/** The settings of both sides (RFC 9113 §6.5). */
import type { RequestHeadLimits } from '../../http1/grammar/head-limits.ts';
import {
  defaultWindow,
  H2_ERROR,
  type Http2ErrorCode,
  maxFrameBytes,
  maxWindow,
  SETTING,
} from '../../http2/protocol.ts';

/** Limits that a session applies. */
export interface Http2Limits extends RequestHeadLimits {
  readonly maxConcurrentStreams: number;
  readonly maxStreamResetsPerSecond: number;
}

/**
 * Content of requests that one stream, and all of a connection, may have waiting for us, in bytes. The first is
 * what an upload moves in a round trip; the second bounds what one client can have us hold.
 */
export const windows = { stream: 262_144, connection: 8_388_608 } as const;

/** What we tell a client. */
export function serverSettings(limits: Http2Limits): [id: number, value: number][] {
  const { maxConcurrentStreams, maxRequestHeaderBytes } = limits;
  return [
    [SETTING.MAX_CONCURRENT_STREAMS, maxConcurrentStreams],
    [SETTING.INITIAL_WINDOW_SIZE, windows.stream],
    [SETTING.MAX_HEADER_LIST_SIZE, maxRequestHeaderBytes],
    [SETTING.ENABLE_CONNECT_PROTOCOL, 1],
    [SETTING.NO_RFC7540_PRIORITIES, 1],
  ];
}

/** What a client has told us, as far as it matters: we send no frame that is larger than any client takes. */
export class PeerSettings {
  initialWindow = defaultWindow;
  /** Whether the latest settings said something about the table that the client keeps for us. */
  tableSizeSeen = false;
  /** By how much the window of every stream has changed with the latest settings (§6.9.2). */
  windowChange = 0;

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
      else if (!isAllowed(id, value)) return H2_ERROR.PROTOCOL_ERROR;
    }
    this.windowChange = this.initialWindow - before;
    return H2_ERROR.NO_ERROR;
  }
}

/** What is on or off (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1). */
const switches: ReadonlySet<number> = new Set([
  SETTING.ENABLE_PUSH,
  SETTING.ENABLE_CONNECT_PROTOCOL,
  SETTING.NO_RFC7540_PRIORITIES,
]);

function isAllowed(id: number, value: number): boolean {
  if (id === SETTING.MAX_FRAME_SIZE) return value >= maxFrameBytes && value <= 0xff_ffff;
  return value <= 1 || !switches.has(id);
}

/** The numbers of HTTP/2 (RFC 9113 §6, §7, §11.3; RFC 8441 §9.1). */

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FLAG = {
  ACK: 0x01,
  END_STREAM: 0x01,
  END_HEADERS: 0x04,
  PADDED: 0x08,
  PRIORITY: 0x20,
} as const;

/** Codes of RST_STREAM and GOAWAY (RFC 9113 §7). */
export const H2_ERROR = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  ENHANCE_YOUR_CALM: 0xb,
} as const;
export type Http2ErrorCode = (typeof H2_ERROR)[keyof typeof H2_ERROR];

export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
  /** RFC 8441 §3. */
  ENABLE_CONNECT_PROTOCOL: 8,
  /** RFC 9218 §2.1. */
  NO_RFC7540_PRIORITIES: 9,
} as const;

/** What a client begins with (RFC 9113 §3.4). */
export const connectionPreface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const frameHeaderBytes = 9;
/** The smallest SETTINGS_MAX_FRAME_SIZE there is: the one that we keep, and never exceed. */
export const maxFrameBytes = 16_384;
export const defaultWindow = 65_535;
export const maxWindow = 0x7fff_ffff;
export const maxStreamId = 0x7fff_ffff;

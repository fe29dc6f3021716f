/** What the other packages of ReverseIt need of this one. Outside semantic versioning. */
export { AddressList } from './addresses/address-list.ts';
export type { IpAddress } from './addresses/ip-address.ts';
export { formatIpAddress, isIpv4, parseIpAddress } from './addresses/ip-address.ts';
export { asReverseItError, messageOf } from './errors/reverseit-error.ts';
export { validateRequestHead } from './http1/grammar/parsed-head.ts';
export { liveParsers } from './http1/llhttp/instance.ts';
export { FloodGuard } from './http2/flood-guard.ts';
export { FrameReader } from './http2/frame-reader.ts';
export { settingsFrame, windowUpdateFrame } from './http2/frame-writer.ts';
export type { RequestPseudoFields } from './http2/hpack/hpack-encoder.ts';
export { PeerSettings } from './http2/peer-settings.ts';
export type { Http2ErrorCode } from './http2/protocol.ts';
export {
  connectionPreface,
  defaultWindow,
  H2_ERROR,
  maxStreamId,
  SETTING,
} from './http2/protocol.ts';
export { ReceiveWindow } from './http2/receive-window.ts';
export { ResponseGatherer } from './http2/response-fields.ts';
export type { FeedOwner } from './http2/session/http2-feed.ts';
export { Http2Feed } from './http2/session/http2-feed.ts';
export type { FramedSession, FramedStream } from './http2/session/session-frames.ts';
export { SessionFrames } from './http2/session/session-frames.ts';
export { SessionOutput } from './http2/session/session-output.ts';
export type { InputOwner } from './http2/session/stream-input.ts';
export { StreamInput } from './http2/session/stream-input.ts';
export type { OutputOwner } from './http2/session/stream-output.ts';
export { StreamOutput } from './http2/session/stream-output.ts';
export { StreamRegister } from './http2/session/stream-register.ts';
export { ChunkJoiner } from './io/chunk-joiner.ts';
export { HeldBytes } from './io/held-bytes.ts';
export { ignoreError } from './io/ignore-error.ts';
export type { Linked } from './io/intrusive-list.ts';
export { IntrusiveList, Place } from './io/intrusive-list.ts';
export { releaseBytes } from './io/lease.ts';
export type { ByteReader, ReadInto } from './io/read-buffer.ts';
export { ReadBuffer } from './io/read-buffer.ts';
export { beginRead, endRead } from './io/read-end.ts';
export type { TurnTaker } from './io/turn-share.ts';
export { COST, TurnShare } from './io/turn-share.ts';
export { letReadInto } from './node-internals/read-into.ts';
export type { StoppableReader } from './node-internals/reading.ts';
export {
  allowReading,
  continueReading,
  pauseReading,
  resumeReading,
  stopReading,
} from './node-internals/reading.ts';
export { usesNodeInternals } from './node-internals/switch.ts';
export { booleanOrText, listText, reader } from './options/option-kinds.ts';
export { hasKnownKeys } from './options/option-schema.ts';
export type { ProxiedConnection } from './proxy-protocol/header-writer.ts';
export { writeProxyHeader } from './proxy-protocol/header-writer.ts';
export { SocketWriter } from './socket/socket-writer.ts';
export type { DurationCounts } from './time/duration-histogram.ts';
export { DurationHistogram, durationBounds } from './time/duration-histogram.ts';

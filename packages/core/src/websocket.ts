export {
  closeCodes,
  isWireCloseCode,
  maxReasonBytes,
  truncateReason,
} from './websocket/close-code.ts';
export type { ClosingEvent, ClosingState } from './websocket/closing-handshake.ts';
export { ClosingHandshake } from './websocket/closing-handshake.ts';
export type { CloseStatus } from './websocket/control-frame.ts';
export {
  closeFrame,
  maxControlPayload,
  pingFrame,
  pongFrame,
  readCloseStatus,
} from './websocket/control-frame.ts';
export type { CodecSink } from './websocket/deflate-pump.ts';
export type { DeflaterOptions } from './websocket/deflater.ts';
export { Deflater } from './websocket/deflater.ts';
export type { Extension, ExtensionParameter, QuotedValue } from './websocket/extensions.ts';
export { formatExtension, readExtensions } from './websocket/extensions.ts';
export type { Fragmentation, MessageLimits } from './websocket/fragmentation.ts';
export type { LengthForm } from './websocket/frame-header.ts';
export {
  FrameHeader,
  frameHeaderLength,
  maxHeaderLength,
  writeFrameHeader,
} from './websocket/frame-header.ts';
export type { FrameReaderOptions, Step } from './websocket/frame-reader.ts';
export { FrameReader, steps } from './websocket/frame-reader.ts';
export { FragmentWriter, frame, frameHeader } from './websocket/frame-writer.ts';
export type { InflaterOptions } from './websocket/inflater.ts';
export { Inflater } from './websocket/inflater.ts';
export {
  applyMask,
  readMaskingKey,
  rotateMaskingKey,
  writeMaskingKey,
} from './websocket/masking.ts';
export type { Opcode } from './websocket/opcode.ts';
export { isControlOpcode, isOpcode, opcodes } from './websocket/opcode.ts';
export type {
  BackendHandshake,
  ClientHandshake,
  HandshakeAnswer,
  HandshakeOffer,
  HandshakeRequest,
} from './websocket/opening-handshake.ts';
export {
  acceptKey,
  asksForWebSocket,
  backendRequestFields,
  checkBackendResponse,
  checkClientRequest,
  clientResponseFields,
  keyBytes,
  makeKey,
  upgradeFields,
  versionFields,
} from './websocket/opening-handshake.ts';
export type {
  AcceptedDeflate,
  DeflateAgreement,
  DeflatePolicy,
} from './websocket/permessage-deflate.ts';
export { acceptDeflate, offerDeflate, readDeflateAnswer } from './websocket/permessage-deflate.ts';
export { readChosenSubprotocol, readSubprotocols } from './websocket/subprotocol.ts';
export { Utf8Stream } from './websocket/utf8-stream.ts';

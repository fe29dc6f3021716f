export type { CodecSink } from './websocket/deflate/deflate-pump.ts';
export type { DeflaterOptions } from './websocket/deflate/deflater.ts';
export { Deflater } from './websocket/deflate/deflater.ts';
export type { InflaterOptions } from './websocket/deflate/inflater.ts';
export { Inflater } from './websocket/deflate/inflater.ts';
export type {
  AcceptedDeflate,
  DeflateAgreement,
  DeflatePolicy,
} from './websocket/deflate/permessage-deflate.ts';
export { acceptDeflate } from './websocket/deflate/permessage-deflate.ts';
export {
  closeCodes,
  isWireCloseCode,
  maxReasonBytes,
  truncateReason,
} from './websocket/frames/close-code.ts';
export type { ClosingEvent, ClosingState } from './websocket/frames/closing-handshake.ts';
export { ClosingHandshake } from './websocket/frames/closing-handshake.ts';
export type { CloseStatus } from './websocket/frames/control-frame.ts';
export {
  closeFrame,
  maxControlPayload,
  readCloseStatus,
} from './websocket/frames/control-frame.ts';
export type { Fragmentation, MessageLimits } from './websocket/frames/fragmentation.ts';
export type { LengthForm } from './websocket/frames/frame-header.ts';
export {
  FrameHeader,
  frameHeaderLength,
  maxHeaderLength,
  writeFrameHeader,
} from './websocket/frames/frame-header.ts';
export type { Step } from './websocket/frames/frame-reader.ts';
export { FrameReader, steps } from './websocket/frames/frame-reader.ts';
export { FragmentWriter, frame } from './websocket/frames/frame-writer.ts';
export {
  applyMask,
  readMaskingKey,
  rotateMaskingKey,
  writeMaskingKey,
} from './websocket/frames/masking.ts';
export type { Opcode } from './websocket/frames/opcode.ts';
export { isControlOpcode, isOpcode, opcodes } from './websocket/frames/opcode.ts';
export type { FrameReaderOptions } from './websocket/frames/pass-rules.ts';
export { Utf8Stream } from './websocket/frames/utf8-stream.ts';
export type {
  Extension,
  ExtensionParameter,
  QuotedValue,
} from './websocket/handshake/extensions.ts';
export { formatExtension, readExtensions } from './websocket/handshake/extensions.ts';
export type {
  BackendHandshake,
  ClientHandshake,
  HandshakeAnswer,
  HandshakeOffer,
  HandshakeRequest,
} from './websocket/handshake/opening-handshake.ts';
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
} from './websocket/handshake/opening-handshake.ts';
export { readChosenSubprotocol, readSubprotocols } from './websocket/handshake/subprotocol.ts';

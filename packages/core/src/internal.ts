/** What the other packages of ReverseIt need of this one. Outside semantic versioning. */
export { AddressList } from './addresses/address-list.ts';
export type { IpAddress } from './addresses/ip-address.ts';
export { formatIpAddress, isIpv4, parseIpAddress } from './addresses/ip-address.ts';
export { asReverseItError, messageOf } from './errors/reverseit-error.ts';
export { validateRequestHead } from './http1/grammar/parsed-head.ts';
export { liveParsers } from './http1/llhttp/instance.ts';
export { ChunkJoiner } from './io/chunk-joiner.ts';
export { HeldBytes } from './io/held-bytes.ts';
export { ignoreError } from './io/ignore-error.ts';
export type { Linked } from './io/intrusive-list.ts';
export { IntrusiveList } from './io/intrusive-list.ts';
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
export type { ProxiedConnection } from './proxy-protocol/header-writer.ts';
export { writeProxyHeader } from './proxy-protocol/header-writer.ts';
export type { DurationCounts } from './time/duration-histogram.ts';
export { DurationHistogram, durationBounds } from './time/duration-histogram.ts';

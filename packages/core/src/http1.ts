export type { Encoding } from './http1/body/body-encoder.ts';
export { chunkEnd, chunkStart, ENCODING, lastChunk } from './http1/body/body-encoder.ts';
export type { BodyDelegate } from './http1/body/chunked-reader.ts';
export type { RequestHeadLimits } from './http1/grammar/head-limits.ts';
export type { BodyFraming } from './http1/grammar/request-head.ts';
export { RequestHead } from './http1/grammar/request-head.ts';
export { statusLine } from './http1/grammar/status-line.ts';
export type { ParserState } from './http1/request-parser.ts';
export { PARSER, RequestParser } from './http1/request-parser.ts';
export type {
  ParsedResponseHead,
  ResponseFraming,
  ResponseState,
} from './http1/response-parser.ts';
export { RESPONSE, ResponseParser } from './http1/response-parser.ts';

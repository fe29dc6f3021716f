export type { ContentSink } from './http1/chunked-reader.ts';
export type { RequestHeadLimits } from './http1/head-limits.ts';
export { judgeParsedHead } from './http1/parsed-head.ts';
export type { BodyFraming } from './http1/request-head.ts';
export { RequestHead } from './http1/request-head.ts';
export type { ParserState } from './http1/request-parser.ts';
export { PARSER, RequestParser } from './http1/request-parser.ts';
export { fieldLines, statusLine } from './http1/response-head.ts';

/** Runs bytes through a request parser as a connection does, and writes down what came out. */
import type { RequestHeadLimits } from '../src/http1/grammar/head-limits.ts';
import type { RequestHead } from '../src/http1/grammar/request-head.ts';
import { PARSER, RequestParser } from '../src/http1/request-parser.ts';

/** The defaults of the listener. */
export const defaultLimits: RequestHeadLimits = {
  maxRequestTargetBytes: 8192,
  maxRequestHeaderLineBytes: 8192,
  maxRequestHeaderBytes: 65536,
  maxRequestHeaders: 100,
};

export interface ParsedMessage {
  readonly head: RequestHead;
  body: string;
  trailers: readonly string[];
  complete: boolean;
}

/** What a parser made of its input. */
export interface Verdict {
  readonly messages: ParsedMessage[];
  code: string | null;
  status: number;
  /** Bytes taken of the input. */
  taken: number;
  /** Bytes up to the end of the last complete message. */
  completed: number;
  /** Index of the byte with which the parser failed; -1 where it did not. */
  failedAt: number;
}

/**
 * Parses what stands in `input`, handed over in pieces that end at `cuts`, up to a request that ends
 * its connection.
 */
export function parseAll(
  input: Buffer,
  cuts: readonly number[] = [],
  limits: RequestHeadLimits = defaultLimits,
): Verdict {
  const parser = new RequestParser(limits);
  try {
    const verdict: Verdict = {
      messages: [],
      code: null,
      status: 0,
      taken: 0,
      completed: 0,
      failedAt: -1,
    };
    let start = 0;
    for (const end of [...cuts, input.length]) {
      if (end <= start) continue;
      if (feed(parser, input.subarray(start, end), verdict)) break;
      if (parser.error !== null) {
        verdict.failedAt = start + parser.offset;
        verdict.code = parser.error.code;
        verdict.status = parser.error.status;
        break;
      }
      start = end;
    }
    return verdict;
  } finally {
    parser.free();
  }
}

/** True when the connection ends after the latest message. */
function feed(parser: RequestParser, chunk: Buffer, verdict: Verdict): boolean {
  let offset = 0;
  const sink = {
    onBody: (piece: Buffer): void => {
      const message = verdict.messages.at(-1);
      if (message === undefined) throw new Error('content before a head');
      if (piece.length === 0) throw new Error('an empty piece of content');
      message.body += piece.toString('latin1');
    },
  };
  for (;;) {
    if (parser.state === PARSER.FAILED) return false;
    if (parser.state === PARSER.COMPLETE) {
      const message = verdict.messages.at(-1);
      if (message === undefined) throw new Error('complete before a head');
      message.complete = true;
      message.trailers = parser.trailers;
      verdict.completed = verdict.taken;
      if (!message.head.persistent) return true;
      parser.next();
    } else {
      if (offset === chunk.length) return false;
      if (parser.state === PARSER.BODY) parser.readBody(chunk, offset, sink);
      else {
        const head = parser.readHead(chunk, offset);
        if (head !== null) verdict.messages.push({ head, body: '', trailers: [], complete: false });
      }
      if (parser.offset < offset || parser.offset > chunk.length) throw new Error('wild offset');
      if (parser.offset === offset && parser.error === null) throw new Error('no progress');
      verdict.taken += parser.offset - offset;
      offset = parser.offset;
    }
  }
}

/** Every cut of an input into single bytes. */
export function byteByByte(input: Buffer): number[] {
  return Array.from({ length: input.length }, (_, at) => at);
}

/**
 * A verdict as text, to compare splits. Content that came before a failure is left out: how much of it passed
 * depends on the split.
 */
export function summary(verdict: Verdict): string {
  const lines = verdict.messages.map(({ head, body, trailers, complete }) =>
    JSON.stringify([
      head.method,
      head.target,
      head.minorVersion,
      head.fields,
      head.byteLength,
      head.authority,
      head.framing,
      head.contentLength,
      head.persistent,
      head.expectContinue,
      head.upgrade,
      head.connectionNames,
      complete || verdict.code === null ? body : '',
      trailers,
      complete,
    ]),
  );
  lines.push(`${verdict.code} ${verdict.status}`);
  return lines.join('\n');
}

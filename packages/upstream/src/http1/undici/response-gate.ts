/**
 * Stands between a connection's bytes and undici's response parser, and decides which of them the
 * parser gets to see. It exists because the parser does three things that a proxy cannot live with:
 * it kills the connection over a `100 Continue` (RFC 9110 §15.2 has every client accept it), it takes
 * blank lines, `RTSP/1.0`, `HTTP/2.0` and a status of 099 for a response, and it reads bytes without
 * bound where no callback reports them: reason phrase, white space around values, chunk extensions.
 *
 * So each status line is read here first, whole; an interim head is handed on whole, or dropped when
 * it is a 100; and bytes of which nothing came are counted. No I/O: bytes in, bytes out.
 */
import type { ReverseItError } from '@reverseit/core/errors';
import {
  headTooLarge,
  interimsTooLarge,
  malformed,
  maxInterimHeadBytes,
} from '../../exchange/message/response-head.ts';

/** Longest status line, in bytes. */
const maxStatusLineBytes = 8192;
/** Beyond the fields themselves: status line, and room where the limit on fields is small. */
const silentSlack = maxStatusLineBytes + 2048;

const prefix = Buffer.from('HTTP/1.');
const headEnd = Buffer.from('\r\n\r\n');
/** `HTTP/1.1 200` and the blank or CR after it. */
const shortestStatusLine = 13;

export class ResponseGate {
  /** Set once the response cannot be trusted; nothing is handed on any more. */
  failure: ReverseItError | null = null;
  /** Whether any byte of a response to the present request has come. */
  seen = false;
  /** Whether the final response is HTTP/1.0. */
  isHttp10 = false;
  /** Status of the final response, once its status line has come; 0 before. */
  status = 0;

  #passing = false;
  #headComplete = false;
  #upgrade = false;
  /** Bytes of the interim responses so far. */
  #interimBytes = 0;
  #maxInterimBytes = 0;
  #held: Buffer | null = null;
  /** Whether what is held begins with a complete unread message, not with one to be completed. */
  #rest = false;
  #silent = 0;
  #maxSilent = 0;
  #maxFieldBytes = 0;

  /**
   * A request is about to be sent. `maxFieldBytes` bounds the response's header section, and
   * `maxInterimBytes` all interim responses before it.
   */
  begin(maxFieldBytes: number, maxInterimBytes: number, upgrade: boolean): void {
    this.seen = false;
    this.isHttp10 = false;
    this.status = 0;
    this.#passing = false;
    this.#headComplete = false;
    this.#upgrade = upgrade;
    this.#interimBytes = 0;
    this.#maxInterimBytes = maxInterimBytes;
    this.#held = null;
    this.#rest = false;
    this.#silent = 0;
    this.#maxFieldBytes = maxFieldBytes;
    // A field of n + 2 + v bytes as the limit counts it takes n + 3 + v on the wire, or n + 4 + v with
    // the customary blank; the smallest counts 3, so twice the limit is never too little.
    this.#maxSilent = 2 * maxFieldBytes + silentSlack;
  }

  /** Whether a head has begun to arrive and is not complete. */
  get insideHead(): boolean {
    return this.#passing ? !this.#headComplete : this.#held !== null && !this.#rest;
  }

  /** Whether it holds what followed an interim response, and has not looked at it. */
  get holdsRest(): boolean {
    return this.#rest;
  }

  /** Something came of the bytes: an interim head or a piece of the body. */
  progress(): void {
    this.#silent = 0;
  }

  /** Whether the parser has reported the final head. */
  get inBody(): boolean {
    return this.#headComplete;
  }

  /** The parser reported the final head. */
  headComplete(): void {
    this.#headComplete = true;
    this.#silent = 0;
  }

  /**
   * Takes what was read, or null when there was nothing to read. Answers what the parser may see; null
   * when there is nothing yet, or when `failure` is set.
   */
  push(chunk: Buffer | null): Buffer | null {
    if (chunk === null) {
      if (!this.#rest) return null;
    } else {
      this.seen = true;
      if (this.#silent > this.#maxSilent) return this.#refuseSilence();
      this.#silent += chunk.length;
      if (this.#passing) return chunk;
    }
    return this.#atHead(this.#join(chunk));
  }

  #join(chunk: Buffer | null): Buffer {
    const held = this.#held;
    this.#held = null;
    this.#rest = false;
    if (held === null) return chunk as Buffer;
    return chunk === null ? held : Buffer.concat([held, chunk]);
  }

  #atHead(bytes: Buffer): Buffer | null {
    let rest = bytes;
    while (rest.length > 0) {
      const status = readStatus(rest);
      if (status === invalid) return this.#refuse('malformed status line');
      if (status === incomplete) {
        this.#held = rest;
        return null;
      }
      if (status >= 200 || (status === 101 && this.#upgrade)) {
        this.#passing = true;
        this.status = status;
        this.isHttp10 = rest[7] === 0x30;
        return rest;
      }
      if (status === 101) return this.#refuse('status 101 without an upgrade request');
      const end = this.#interimEnd(rest, status);
      if (end === 0) return null;
      const next = rest.subarray(end);
      this.#silent = next.length;
      if (status !== 100) {
        // The parser must stop here: what follows may be a 100 again.
        this.#held = next.length > 0 ? next : null;
        this.#rest = next.length > 0;
        return rest.subarray(0, end);
      }
      rest = next;
    }
    return null;
  }

  /** Length of the interim head that the bytes begin with; 0 where it is not complete, or refused. */
  #interimEnd(bytes: Buffer, status: number): number {
    const at = bytes.indexOf(headEnd, shortestStatusLine - 1);
    if ((at === -1 ? bytes.length : at) > maxInterimHeadBytes) {
      this.#refuse('interim response too large');
      return 0;
    }
    if (at === -1) {
      this.#held = bytes;
      return 0;
    }
    const end = at + headEnd.length;
    this.#interimBytes += end;
    if (this.#interimBytes > this.#maxInterimBytes) {
      this.failure = interimsTooLarge(this.#maxInterimBytes);
    } else if (status === 100 && !hasFieldLines(bytes, at + 2))
      this.#refuse('header in a 100 response');
    return this.failure === null ? end : 0;
  }

  #refuse(what: string): null {
    this.failure = malformed(what);
    return null;
  }

  #refuseSilence(): null {
    if (this.#headComplete) return this.#refuse('chunked framing outweighs the body');
    this.failure = headTooLarge(this.#maxFieldBytes);
    return null;
  }
}

const incomplete = -1;
const invalid = -2;

/** Status of a complete status line `HTTP/1.x NNN[ reason]` CRLF (RFC 9112 §4), 100 to 599. */
function readStatus(bytes: Buffer): number {
  const known = Math.min(bytes.length, prefix.length);
  for (let i = 0; i < known; i++) if (bytes[i] !== prefix[i]) return invalid;
  if (bytes.length < shortestStatusLine) return incomplete;
  const minor = bytes[7] as number;
  const after = bytes[12] as number;
  if ((minor !== 0x30 && minor !== 0x31) || bytes[8] !== 0x20) return invalid;
  if (after !== 0x20 && after !== 0x0d) return invalid;
  const first = (bytes[9] as number) - 0x30;
  const second = (bytes[10] as number) - 0x30;
  const third = (bytes[11] as number) - 0x30;
  if (first < 1 || first > 5 || !isDigit(second) || !isDigit(third)) return invalid;
  // Reason phrases are short; the parser would lose one that arrives in pieces.
  for (let i = 12; i < bytes.length; i++) {
    const byte = bytes[i];
    const afterCr = bytes[i - 1] === 0x0d;
    if (byte === 0x0a && afterCr) return first * 100 + second * 10 + third;
    // The parser takes a second CR for the LF.
    if (byte === 0x0a || afterCr || byte === 0 || i >= maxStatusLineBytes) return invalid;
  }
  return incomplete;
}

const fieldLines = /^(?:[!#$%&'*+\-.^_`|~\dA-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;

/**
 * Whether an interim head that nobody else will look at is one: its field lines up to and with their last
 * CRLF.
 */
function hasFieldLines(bytes: Buffer, end: number): boolean {
  const start = bytes.indexOf(0x0a, shortestStatusLine - 1) + 1;
  return fieldLines.test(bytes.toString('latin1', start, end));
}

function isDigit(value: number): boolean {
  return value >= 0 && value <= 9;
}

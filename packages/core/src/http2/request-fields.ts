/**
 * From the header block of a stream to the head of a request, as if it had come over HTTP/1.1 (RFC 9113 §8.2, §8.3),
 * and to its trailers. What could not have been written as HTTP/1.1 is refused and never repaired: each way to
 * repair it is one more reading that a backend may not share.
 *
 * Two kinds of refusal. A *malformed* message, by the letter of RFC 9113 §8.1.1, resets its stream. One that says
 * in good form what no request may say has a code, and is answered like its twin of HTTP/1.1.
 */
import type { ErrorCode } from '../errors/catalog.ts';
import { equalsIgnoreCase, isToken } from '../http/ascii.ts';
import { sameAuthority } from '../http/authority.ts';
import { FIELD, fieldEntry } from '../http/field-registry.ts';
import type { FieldSection } from '../http/field-section.ts';
import { HeaderSection } from '../http/header-section.ts';
import { maxKeptLineBytes, type RequestHeadLimits } from '../http1/grammar/head-limits.ts';
import { RequestHead } from '../http1/grammar/request-head.ts';
import { applyRequestRules } from '../http1/grammar/request-rules.ts';
import type { FieldSink } from './hpack/hpack-decoder.ts';

/** The message breaks RFC 9113 §8: its stream is reset with PROTOCOL_ERROR. */
export const malformed = Symbol('malformed');

/** What the lines of a WebSocket handshake say over HTTP/1.1 and extended CONNECT says by itself (RFC 8441 §5). */
const handshakeKey = 'AAAAAAAAAAAAAAAAAAAAAA==';

const targetCharacters = /^[\x21-\x7e]+$/;

/** Gathers the fields of one block; used again for the next. */
export class FieldGatherer implements FieldSink {
  readonly #limits: RequestHeadLimits;
  #isTrailer = false;
  #malformed = false;
  #excess: ErrorCode | null = null;
  #regularSeen = false;
  #method: string | null = null;
  #scheme: string | null = null;
  #path: string | null = null;
  #authority: string | null = null;
  #protocol: string | null = null;
  #host: string | null = null;
  #hosts = 0;
  #cookies = '';
  #expects = false;
  #count = 0;
  #bytes = 0;
  /** Of a head, host first, whose value is known last. */
  #fields: FieldSection = [];

  constructor(limits: RequestHeadLimits) {
    this.#limits = limits;
  }

  /** Makes ready for a block. */
  begin(isTrailer: boolean): void {
    this.#isTrailer = isTrailer;
    this.#malformed = false;
    this.#excess = null;
    this.#regularSeen = false;
    this.#method = null;
    this.#scheme = null;
    this.#path = null;
    this.#authority = null;
    this.#protocol = null;
    this.#host = null;
    this.#hosts = 0;
    this.#cookies = '';
    this.#expects = false;
    this.#count = 0;
    this.#bytes = 0;
    this.#fields = isTrailer ? [] : ['host', ''];
  }

  onField(name: string, value: string, isValid: boolean): void {
    if (this.#malformed || this.#excess !== null) return;
    if (!isValid || name.length === 0) this.#malformed = true;
    else if (name.charCodeAt(0) === 0x3a) this.#onPseudoField(name, value);
    else this.#onRegularField(name, value);
  }

  /** RFC 9113 §8.3: each once at most, before the others, and never in trailers. */
  #onPseudoField(name: string, value: string): void {
    let known: string | null = '';
    if (name === ':method') {
      known = this.#method;
      this.#method = value;
    } else if (name === ':path') {
      known = this.#path;
      this.#path = value;
      if (value.length > this.#limits.maxRequestTargetBytes)
        this.#excess = 'RIT_ERR_TARGET_TOO_LONG';
    } else if (name === ':scheme') {
      known = this.#scheme;
      this.#scheme = value;
    } else if (name === ':authority') {
      known = this.#authority;
      this.#authority = value;
      this.#measure('host', value);
    } else if (name === ':protocol') {
      known = this.#protocol;
      this.#protocol = value;
    }
    if (known !== null || this.#isTrailer || this.#regularSeen) this.#malformed = true;
  }

  #onRegularField(name: string, value: string): void {
    this.#regularSeen = true;
    const { id, forbiddenInHttp2, separator } = fieldEntry(name);
    if (separator === '; ' && !this.#isTrailer) {
      this.#addCookie(value);
      return;
    }
    if (!this.#measure(name, value)) return;
    if (forbiddenInHttp2) this.#malformed = true;
    else if (id === FIELD.TE && !equalsIgnoreCase(value, 'trailers')) this.#malformed = true;
    else if (id === FIELD.HOST && !this.#isTrailer) {
      this.#hosts++;
      this.#host = value;
    } else {
      if (id === FIELD.EXPECT) this.#expects = true;
      this.#fields.push(name, value);
    }
  }

  /** RFC 9113 §8.2.3: crumbs of one line, which browsers make of each cookie. They count as that line does. */
  #addCookie(crumb: string): void {
    if (crumb === '') return;
    if (this.#cookies === '') {
      this.#cookies = crumb;
      this.#measure('cookie', crumb);
      return;
    }
    this.#cookies = `${this.#cookies}; ${crumb}`;
    this.#bytes += crumb.length + 2;
    const { maxRequestHeaderLineBytes, maxRequestHeaderBytes } = this.#limits;
    if (
      this.#cookies.length + 8 > maxRequestHeaderLineBytes ||
      this.#bytes > maxRequestHeaderBytes
    ) {
      this.#excess = 'RIT_ERR_HEAD_TOO_LARGE';
    }
  }

  /** The limits of HTTP/1.1, by what the lines would weigh there. */
  #measure(name: string, value: string): boolean {
    const { maxRequestHeaders, maxRequestHeaderLineBytes, maxRequestHeaderBytes } = this.#limits;
    const size = name.length + 2 + value.length;
    this.#bytes += size;
    if (++this.#count > maxRequestHeaders) this.#excess = 'RIT_ERR_TOO_MANY_FIELDS';
    else if (size > maxRequestHeaderLineBytes || this.#bytes > maxRequestHeaderBytes) {
      this.#excess = 'RIT_ERR_HEAD_TOO_LARGE';
    }
    return this.#excess === null;
  }

  /** The trailers that were gathered, or why they are refused. */
  trailers(): FieldSection | typeof malformed | ErrorCode {
    if (this.#malformed) return malformed;
    return this.#excess === null ? this.#fields : 'RIT_ERR_TRAILERS_TOO_LARGE';
  }

  /** Whether what was gathered asks by HEAD, were it refused. */
  get isHead(): boolean {
    return this.#method === 'HEAD';
  }

  /** As HTTP/1.1 would have it, of what was gathered, and 1,024 bytes of it at most; empty without a method. */
  get requestLine(): string {
    if (this.#method === null) return '';
    return `${this.#method} ${this.#path ?? this.#authority ?? ''}`.slice(0, maxKeptLineBytes);
  }

  /** The head that was gathered, checked and completed, or why it is refused. `endStream`: there is no content. */
  head(endStream: boolean): RequestHead | typeof malformed | ErrorCode {
    if (this.#malformed) return malformed;
    if (this.#excess !== null) return this.#excess;
    const method = this.#method;
    const path = this.#path;
    if (method === null || !isToken(method)) return malformed;
    const isConnect = method === 'CONNECT';
    // RFC 9113 §8.5: a tunnel has neither; what a reverse proxy does not make.
    if (isConnect && this.#protocol === null) {
      return this.#scheme === null && path === null ? 'RIT_ERR_METHOD_UNKNOWN' : malformed;
    }
    if (!isConnect && this.#protocol !== null) return malformed;
    if (this.#scheme === null || path === null || path === '') return malformed;
    const fault = this.#checkTarget(method, path, this.#scheme) ?? this.#checkHost(this.#scheme);
    if (fault !== null) return fault;
    if (this.#protocol !== null) return this.#extendedConnect(this.#protocol, path, endStream);
    const head = this.#build(method, path);
    return applyRequestRules(head) ?? this.#frame(head, endStream);
  }

  /** RFC 9113 §8.3.1: the form of HTTP/1.1 for an origin server, without what that would have normalised. */
  #checkTarget(method: string, path: string, scheme: string): ErrorCode | null {
    if (!equalsIgnoreCase(scheme, 'https') && !equalsIgnoreCase(scheme, 'http'))
      return 'RIT_ERR_TARGET';
    if (!targetCharacters.test(path)) return 'RIT_ERR_TARGET';
    if (path.charCodeAt(0) === 0x2f || (path === '*' && method === 'OPTIONS')) return null;
    return 'RIT_ERR_TARGET';
  }

  /** RFC 9113 §8.3.1: who names the host twice must name the same; to the backend one of them goes. */
  #checkHost(scheme: string): ErrorCode | null {
    const host = this.#host;
    const authority = this.#authority;
    if (this.#hosts > 1 || (host === null && authority === null)) return 'RIT_ERR_HOST';
    if (host === null || authority === null || host === authority) return null;
    const name = equalsIgnoreCase(scheme, 'https') ? 'https' : 'http';
    return sameAuthority(authority, host, name) ? null : 'RIT_ERR_HOST_CONFLICT';
  }

  #build(method: string, path: string): RequestHead {
    const fields = this.#fields;
    fields[1] = this.#authority ?? this.#host ?? '';
    if (this.#cookies !== '') fields.push('cookie', this.#cookies);
    const head = new RequestHead(method, path, 1, HeaderSection.parsed(fields), this.#bytes);
    head.isHttp2 = true;
    return head;
  }

  /** The end of the stream ends the content, which a length may have announced (RFC 9113 §8.1.1). */
  #frame(head: RequestHead, endStream: boolean): RequestHead | typeof malformed | ErrorCode {
    if (endStream) return head.contentLength > 0 ? malformed : head;
    if (head.framing === 'none') {
      // RFC 9110 §9.3.8.
      if (head.method === 'TRACE') return 'RIT_ERR_FRAMING_CONFLICT';
      head.framing = 'chunked';
      head.contentLength = -1;
      head.expectContinue = this.#expects;
    }
    return head;
  }

  /** The handshake of HTTP/1.1 that says the same (RFC 8441 §5), so that there is one way for both. */
  #extendedConnect(
    protocol: string,
    path: string,
    endStream: boolean,
  ): RequestHead | typeof malformed | ErrorCode {
    if (endStream || !isToken(protocol) || this.#expects) return malformed;
    this.#fields.push('connection', 'Upgrade', 'upgrade', protocol);
    // RFC 9110 §7.8: names of protocols are compared without regard to case.
    if (equalsIgnoreCase(protocol, 'websocket')) this.#setHandshakeKey();
    const head = this.#build('GET', path);
    const code = applyRequestRules(head);
    if (code !== null) return code;
    // Its content is the other protocol.
    if (head.framing !== 'none') return malformed;
    head.isExtendedConnect = true;
    return head;
  }

  /** RFC 8441 §5: a key that the client sends nevertheless is not looked at. */
  #setHandshakeKey(): void {
    const fields = this.#fields;
    for (let i = fields.length - 2; i >= 0; i -= 2) {
      if (fields[i] === 'sec-websocket-key') fields.splice(i, 2);
    }
    fields.push('sec-websocket-key', handshakeKey);
  }
}

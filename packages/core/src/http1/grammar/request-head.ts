import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import type { HeaderSection } from '../../http/header-section.ts';

/** How the end of a message body is found (RFC 9112 §6.3). */
export type BodyFraming = 'none' | 'length' | 'chunked';

/** The request line and header section of one request, checked: nothing here is ambiguous any more. */
export class RequestHead {
  /** Method token, as received. */
  readonly method: string;
  /** Path and query in origin form as received, byte for byte, or `*` (RFC 9112 §3.2). */
  target: string;
  /** Minor version of HTTP/1. */
  readonly minorVersion: 0 | 1;
  /** The header section as received: order, case and repetition kept, values without surrounding blanks. */
  readonly headers: HeaderSection;
  /** Bytes of the head on the wire. */
  readonly byteLength: number;
  /** Host and port that the request is for; null only for HTTP/1.0 without Host. */
  authority: string | null = null;
  framing: BodyFraming = 'none';
  /** Body length in bytes; 0 without a body, -1 where the body is chunked. */
  contentLength = 0;
  /** The client lets the connection stay open after this exchange (RFC 9112 §9.3). */
  persistent = false;
  /** The client waits for 100 (Continue) before it sends the body (RFC 9110 §10.1.1). */
  expectContinue = false;
  /** The client offers to switch protocols: an Upgrade field that Connection names (RFC 9110 §7.8). */
  upgrade = false;
  /** Lower-case names that Connection lists, without `close`, `keep-alive` and `upgrade`; mostly null. */
  connectionNames: string[] | null = null;
  /** The request came over HTTP/2, and `minorVersion` is that of the HTTP/1.1 which says the same. */
  isHttp2 = false;
  /** The offer to switch protocols is extended CONNECT (RFC 8441): there is no other answer that succeeds. */
  isExtendedConnect = false;

  constructor(
    method: string,
    target: string,
    minorVersion: 0 | 1,
    headers: HeaderSection,
    byteLength: number,
  ) {
    this.method = method;
    this.target = target;
    this.minorVersion = minorVersion;
    this.headers = headers;
    this.byteLength = byteLength;
  }

  /** The version of HTTP that the client speaks. */
  get httpVersion(): '1.0' | '1.1' | '2.0' {
    if (this.isHttp2) return '2.0';
    return this.minorVersion === 1 ? '1.1' : '1.0';
  }

  /** The header section as a list. */
  get fields(): ReadonlyFieldSection {
    return this.headers.fields;
  }
}

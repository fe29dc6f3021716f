/**
 * The heads of a response, whichever transport reads what follows them: interim ones are told of and
 * bounded, the final one is checked. Bytes and an exchange in, no I/O.
 */
import { isReverseItError } from '@reverseit/core/errors';
import type { HeaderSection } from '@reverseit/core/http';
import { type ParsedResponseHead, ResponseParser } from '@reverseit/core/http1';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import {
  type CheckedHead,
  interimFault,
  malformed,
  namesProtocol,
  readHead,
} from '../exchange/message/response-head.ts';

export class ResponseHeads {
  readonly parser = new ResponseParser(0);
  /** The final head, once it has come. */
  final: CheckedHead | null = null;
  /** Fields of the 101 that has switched protocols. */
  switched: HeaderSection | null = null;
  /** Bytes of the interim responses so far. */
  #interimBytes = 0;

  /** A request is about to be sent. */
  begin({ limits }: DispatchedExchange): void {
    this.#interimBytes = 0;
    this.parser.begin(limits.maxResponseHeaderBytes);
  }

  /** The head has been taken: a connection that is idle or closed keeps none. */
  forget(): void {
    this.final = null;
    this.switched = null;
  }

  /**
   * Reads from `start`, at most to the end of a head; `parser` tells how far. Answers whether a head has come.
   * An exchange whose response is refused has ended then.
   */
  read(exchange: DispatchedExchange, bytes: Buffer, start: number): boolean {
    const head = this.parser.readHead(bytes, start);
    if (head === null) return false;
    if (head.status >= 200) this.#onFinal(exchange, head);
    else if (head.status === 101) this.#onSwitch(exchange, head);
    else this.#onInterim(exchange, head);
    return true;
  }

  #onFinal(exchange: DispatchedExchange, head: ParsedResponseHead): void {
    const checked = readHead(
      head.status,
      head.reason,
      head.headers,
      exchange.isHead,
      head.minorVersion === 0 ? '1.0' : '1.1',
      exchange.limits.maxResponseBodySize,
    );
    if (isReverseItError(checked)) exchange.onFailed(checked);
    else this.final = checked;
  }

  #onSwitch(exchange: DispatchedExchange, { minorVersion, headers }: ParsedResponseHead): void {
    if (!exchange.upgrading) {
      exchange.onFailed(malformed('status 101 without an upgrade request'));
    } else if (minorVersion === 0) {
      // RFC 9110 §7.8, §15.2: HTTP/1.0 knows neither Upgrade nor interim responses.
      exchange.onFailed(malformed('status 101 in HTTP/1.0'));
    } else if (!namesProtocol(headers.fields)) {
      exchange.onFailed(malformed('status 101 without an Upgrade header'));
    } else this.switched = headers;
  }

  #onInterim(
    exchange: DispatchedExchange,
    { status, headers, byteLength }: ParsedResponseHead,
  ): void {
    this.#interimBytes += byteLength;
    const { fields } = headers;
    const { maxInterimResponseBytes } = exchange.limits;
    const fault = interimFault(fields, this.#interimBytes, maxInterimResponseBytes);
    if (fault !== null) {
      exchange.onFailed(fault);
      return;
    }
    this.parser.next();
    // RFC 9110 §15.2.1: nobody waits for it, since none of our requests has an expectation.
    if (status !== 100) exchange.onInterim(status, fields);
  }
}

/**
 * The body of a request with an `upgrade` event. Before version 26 a server of Node ends such a request
 * with its head: what follows on the socket is its body first, unread, and then the other protocol's.
 * This reads the body as our own server would, and is to an exchange what the request is elsewhere.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import type { ReverseItError } from '@reverseit/core/errors';
import type { FieldSection } from '@reverseit/core/http';
import {
  PARSER,
  type RequestHead,
  type RequestHeadLimits,
  RequestParser,
} from '@reverseit/core/http1';

const major = Number.parseInt(process.versions.node, 10);

/**
 * Whether Node has left the body of a request with an `upgrade` event on the socket. `stream` is what
 * came with the event: since version 26 it is one of Node's own where body is still to come.
 */
export function isLeftUnread(request: IncomingMessage, stream: Duplex): boolean {
  return major < 26 && stream === request.socket && request.readableLength === 0;
}

export class UpgradeBody extends Readable {
  readonly socket: Socket;
  rawTrailers: FieldSection = [];
  readonly #parser: RequestParser;
  #complete = false;

  /** `head` has been checked, and says that there is body. */
  constructor(socket: Socket, head: RequestHead, limits: RequestHeadLimits) {
    super();
    this.socket = socket;
    this.#parser = RequestParser.after(head, limits);
  }

  /** Why the body is rejected; null while it is not. */
  get fault(): ReverseItError | null {
    return this.#parser.error;
  }

  /** Takes what came on the socket, as far as it is body. Returns what follows the body. Look at `fault`. */
  feed(bytes: Buffer): Buffer {
    const parser = this.#parser;
    if (this.#complete) return bytes;
    let room = true;
    parser.readBody(bytes, 0, {
      onBody: (chunk) => {
        room = this.push(chunk);
      },
    });
    if (parser.state === PARSER.COMPLETE) {
      this.#complete = true;
      this.rawTrailers = parser.trailers;
      this.push(null);
    } else if (!room) this.socket.pause();
    return bytes.subarray(parser.offset);
  }

  override _read(): void {
    this.socket.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#parser.free();
    callback(error);
  }
}

/** What the server of `node:http` makes of the bytes of one connection. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { duplexPair } from 'node:stream';

/** A request that it took, as far as it came. */
export interface NodeRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly fields: readonly string[];
  body: string;
  trailers: readonly string[];
  complete: boolean;
}

export interface NodeVerdict {
  readonly requests: NodeRequest[];
  /** llhttp's code of what it refused, such as `HPE_INVALID_METHOD`; null where it took everything. */
  error: string | null;
}

/**
 * The server with its usual strictness, but without limits of its own, which are other ones than ours:
 * as it is, it drops fields after the 2000th. A request without Host, which it would answer by itself,
 * is told of as well.
 */
export class NodeHttp {
  readonly #server: Server;
  #verdict: NodeVerdict = { requests: [], error: null };

  constructor() {
    this.#server = createServer({ maxHeaderSize: 1 << 20, requireHostHeader: false });
    this.#server.maxHeadersCount = 0;
    // Without listeners it would answer these itself.
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
      this.#server.on(event, (request: IncomingMessage, response) => {
        this.#note(request);
        response.end();
      });
    }
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#verdict.error = error.code ?? error.message;
      // Not at once: content that came before the error is told in the next ticks.
      setImmediate(() => socket.destroy());
    });
    this.#server.on('connect', (request: IncomingMessage, socket) => {
      this.#note(request);
      socket.destroy();
    });
  }

  /** Plays what a client sends before it ends the connection. */
  async read(input: Buffer): Promise<NodeVerdict> {
    this.#verdict = { requests: [], error: null };
    const [client, server] = duplexPair();
    const gone = new Promise<void>((resolve) => server.once('close', resolve));
    server.on('error', ignore);
    client.on('error', ignore).resume();
    this.#server.emit('connection', server);
    client.end(input);
    await gone;
    client.destroy();
    return this.#verdict;
  }

  #note(request: IncomingMessage): void {
    const noted: NodeRequest = {
      method: request.method ?? '',
      target: request.url ?? '',
      version: request.httpVersion,
      fields: request.rawHeaders,
      body: '',
      trailers: [],
      complete: false,
    };
    this.#verdict.requests.push(noted);
    request.on('error', ignore);
    request.on('data', (piece: Buffer) => {
      noted.body += piece.toString('latin1');
    });
    request.on('end', () => {
      noted.trailers = request.rawTrailers;
      noted.complete = request.complete;
    });
  }
}

function ignore(): void {
  // A connection that breaks off is a verdict too.
}

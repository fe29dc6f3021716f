import type { Duplex } from 'node:stream';
import type { ReverseItError } from '@reverseit/core/errors';
import type { FieldSection } from '@reverseit/core/http';
import type {
  DispatchLimits,
  UpgradeHandler,
  UpstreamRequest,
  UpstreamResponseHead,
} from '../src/index.ts';

/** Calls that break the contract of ResponseHandler, of any recorder. */
export const violations: string[] = [];

/** A handler that writes down what it is told, and objects to what it must not be told. */
export class Recorder implements UpgradeHandler {
  readonly events: string[] = [];
  head: UpstreamResponseHead | null = null;
  error: ReverseItError | null = null;
  trailers: FieldSection | null = null;
  socket: Duplex | null = null;
  body = '';
  bytes = 0;
  dispatched = false;
  aborted = false;
  readonly done: Promise<this>;
  readonly headSeen: Promise<UpstreamResponseHead>;
  onChunk: ((chunk: Buffer) => void) | null = null;
  onFirst: (() => void) | null = null;
  onLast: (() => void) | null = null;
  #resolveDone!: (self: this) => void;
  #resolveHead!: (head: UpstreamResponseHead) => void;
  #over = false;

  constructor() {
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.headSeen = new Promise((resolve) => {
      this.#resolveHead = resolve;
    });
  }

  get over(): boolean {
    return this.#over;
  }

  #note(event: string): void {
    if (!this.dispatched) violations.push(`${event} before dispatch returned`);
    if (this.aborted) violations.push(`${event} after abort`);
    if (this.#over) violations.push(`${event} after the end`);
    this.events.push(event);
  }

  onInterim(status: number, fields: FieldSection): void {
    this.#note(`interim ${status} ${fields.join(' ')}`.trim());
  }

  onHead(head: UpstreamResponseHead): void {
    this.#note(`head ${head.status}`);
    this.head = head;
    this.#resolveHead(head);
    this.onFirst?.();
  }

  onData(chunk: Buffer): void {
    if (this.events.at(-1) !== 'data') this.#note('data');
    else if (this.aborted || this.#over) this.#note('data');
    this.bytes += chunk.length;
    if (this.bytes < 1_000_000) this.body += chunk.toString('latin1');
    this.onChunk?.(chunk);
  }

  onEnd(trailers: FieldSection): void {
    this.#note('end');
    this.trailers = trailers;
    this.onLast?.();
    this.#finish();
  }

  onError(error: ReverseItError): void {
    this.#note(error.code.replace('RIT_ERR_', ''));
    this.error = error;
    this.#finish();
  }

  onSwitch(head: UpstreamResponseHead, socket: Duplex): void {
    this.#note(`switch ${head.status}`);
    this.head = head;
    this.socket = socket;
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#resolveDone(this);
  }
}

export const limits: DispatchLimits = Object.freeze({
  poolTimeout: 5000,
  responseHeaderTimeout: 5000,
  upstreamIdleTimeout: 5000,
  responseHeaderRetries: 1,
  maxResponseHeaderBytes: 65_536,
  maxResponseBodySize: Number.POSITIVE_INFINITY,
});

export function get(target = '/', more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return { method: 'GET', target, fields: ['Host', 'backend.test'], body: null, ...more };
}

/**
 * One base class and eight subclasses, distinguished by who must act. The code decides everything: class,
 * blame, status, close code and the fate of the connection are read from the catalog.
 */
import {
  type Blame,
  type CatalogEntry,
  type ConnectionFate,
  catalog,
  type ErrorClassName,
  type ErrorCode,
  type RetryVerdict,
} from './catalog.ts';

/** Marks our errors across package copies and formats, where `instanceof` fails. */
const brand = Symbol.for('reverseit.error');

/** What an error is made of beside code and message. */
export interface ErrorExtras {
  /** What made us fail, kept for the log. Never sent to a peer. */
  readonly cause?: unknown;
  /** Numbers and names for a log: `limit`, `max`, `seen`, `afterMs`, … Never the peer's bytes. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Base of every error that this project throws, reports or answers. */
export class ReverseItError extends Error {
  /** Stable identity, `RIT_ERR_…`. */
  readonly code: ErrorCode;
  /** Numbers and names for a log, never the peer's bytes. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message?: string, extras?: ErrorExtras) {
    super(
      message ?? catalog[code].text,
      extras?.cause === undefined ? undefined : { cause: extras.cause },
    );
    this.code = code;
    this.details = extras?.details;
  }

  get #entry(): CatalogEntry {
    return catalog[this.code];
  }

  /** Who is to blame. */
  get blame(): Blame {
    return this.#entry.blame;
  }

  /** HTTP status that answers it; 0 where nothing is sent. */
  get status(): number {
    return this.#entry.status;
  }

  /** WebSocket close code for the offending side; 0 where there is none. */
  get closeCode(): number {
    return this.#entry.closeCode;
  }

  /** What becomes of the client's connection after the answer. */
  get connection(): ConnectionFate {
    return this.#entry.connection;
  }

  /** What the error alone says about a retry. */
  get retry(): RetryVerdict {
    return this.#entry.retry;
  }
}
Object.defineProperty(ReverseItError.prototype, brand, { value: true });
ReverseItError.prototype.name = 'ReverseItError';

/** The operator's options are wrong, or the address cannot be listened on. Thrown at start. */
export class ConfigError extends ReverseItError {}
/** A machine was misused by our own code. */
export class StateError extends ReverseItError {}
/** The client broke RFC 9110 or RFC 9112. */
export class ProtocolError extends ReverseItError {}
/** A limit was passed; `details` names it. */
export class LimitError extends ReverseItError {}
/** A deadline passed. */
export class DeadlineError extends ReverseItError {}
/** The backend failed us. */
export class UpstreamError extends ReverseItError {}
/** A peer broke RFC 6455. */
export class WebSocketError extends ReverseItError {}
/** The client left, or the exchange was given up. */
export class AbortError extends ReverseItError {}

const classes: Record<ErrorClassName, typeof ReverseItError> = {
  ConfigError,
  StateError,
  ProtocolError,
  LimitError,
  DeadlineError,
  UpstreamError,
  WebSocketError,
  AbortError,
};
for (const [name, cls] of Object.entries(classes)) cls.prototype.name = name;

/** Makes the error of a code, as the class that the catalog names. */
export function createError(
  code: ErrorCode,
  message?: string,
  extras?: ErrorExtras,
): ReverseItError {
  return new classes[catalog[code].class](code, message, extras);
}

/** True for every error of ours, also one made by another copy of this package. */
export function isReverseItError(value: unknown): value is ReverseItError {
  return typeof value === 'object' && value !== null && brand in value;
}

/** What was thrown, as an error of ours; anything else becomes the cause of an internal error. */
export function asReverseItError(thrown: unknown, message?: string): ReverseItError {
  return isReverseItError(thrown)
    ? thrown
    : createError('RIT_ERR_INTERNAL', message, { cause: thrown });
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

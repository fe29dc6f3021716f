/** Tells the application what became of its requests: log lines, `onError`, `onFinish`. */
import type { Exchange } from '@reverseit/core';
import type { ReverseItError } from '@reverseit/core/errors';
import { isThenable } from './hook-call.ts';
import type { AccessRecord, Logger, OnError, OnFinish } from './hooks.ts';
import { Recorder, type RecordObserver } from './recorder.ts';

export interface ObserverOptions {
  readonly logger: Logger | null;
  readonly onError: OnError | null;
  readonly onFinish: OnFinish | null;
}

export class Observer implements RecordObserver {
  readonly #options: ObserverOptions;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** What follows a request; null where nobody wants to know. */
  record(exchange: Exchange): Recorder | null {
    const { logger, onError, onFinish } = this.#options;
    return logger === null && onError === null && onFinish === null
      ? null
      : new Recorder(exchange, this);
  }

  /** A request was refused before it had a head, or while its connection was read. */
  onRefusal(error: ReverseItError): void {
    this.#onError(error, null);
  }

  /** A request is over. */
  onRecord(record: AccessRecord): void {
    if (record.error !== null) this.#onError(record.error, record);
    const { onFinish } = this.#options;
    if (onFinish === null) return;
    try {
      this.#watch('onFinish', onFinish(record));
    } catch (error) {
      this.#logThrown('onFinish', error);
    }
  }

  #onError(error: ReverseItError, record: AccessRecord | null): void {
    const { logger, onError } = this.#options;
    if (logger !== null) this.#log(logger, error, record);
    if (onError === null) return;
    try {
      this.#watch('onError', onError(error, record));
    } catch (cause) {
      this.#logThrown('onError', cause);
    }
  }

  /** Peers' faults are everyday; ours and a backend's are not. */
  #log(logger: Logger, error: ReverseItError, record: AccessRecord | null): void {
    const details = {
      err: error,
      code: error.code,
      ...(record === null ? {} : { route: record.route, method: record.method }),
    };
    try {
      if (error.blame === 'us') logger.error(details, error.message);
      else if (isWarning(error)) logger.warn(details, error.message);
      else logger.debug(details, error.message);
    } catch {
      // A logger that fails has nowhere to say so.
    }
  }

  /** A callback that fails later must not end the process. */
  #watch(name: string, result: unknown): void {
    if (!isThenable(result)) return;
    Promise.resolve(result).catch((error: unknown) => this.#logThrown(name, error));
  }

  #logThrown(name: string, error: unknown): void {
    try {
      this.#options.logger?.error({ err: error }, `${name} threw`);
    } catch {
      // As above.
    }
  }
}

/** Speaking HTTP to a TLS port is mostly a mistake of whoever has set up what stands before us. */
const isWarning = ({ blame, code }: ReverseItError): boolean =>
  blame === 'upstream' || code === 'RIT_ERR_PLAIN_HTTP';

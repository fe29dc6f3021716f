/** Tells the application what became of its requests: log lines, `onError`, `onFinish`. */
import type { RejectedRequest } from '@reverseit/core';
import type { ReverseItError } from '@reverseit/core/errors';
import { watchCallback } from '@reverseit/core/internal/server';
import { GuardedLogger } from '../logging/guarded-logger.ts';
import type { Logger } from '../logging/logger.ts';
import type { ErrorMeter } from '../metrics/proxy-meters.ts';
import { hookError } from './hook-error.ts';
import type {
  AccessRecord,
  OnBackendState,
  OnError,
  OnFinish,
  RequestInfo,
  RouteBackendChange,
} from './hooks.ts';
import { rejectedInfo, rejectedRecord } from './rejected-record.ts';
import type { RouteHooks } from './route-hooks.ts';

export interface ObserverOptions {
  readonly logger: Logger | null;
  readonly onError: readonly OnError[];
  readonly onBackendState: readonly OnBackendState[];
}

/** What is known of a request that failed. */
interface FailedRequest {
  readonly route: string | null;
  readonly requestId: string | null;
}

export class Observer {
  readonly #logger: Logger | null;
  /** Null where nobody counts. */
  readonly #errors: ErrorMeter | null;
  readonly #onErrorHooks: readonly OnError[];
  readonly #onBackendStateHooks: readonly OnBackendState[];
  /** Null where there is no access log. */
  readonly #accessLog: OnFinish | null;

  constructor(
    { logger, onError, onBackendState }: ObserverOptions,
    errors: ErrorMeter | null = null,
    accessLog: OnFinish | null = null,
  ) {
    this.#errors = errors;
    this.#accessLog = accessLog;
    this.#onBackendStateHooks = onBackendState;
    this.#logger = logger === null ? null : new GuardedLogger(logger);
    this.#onErrorHooks = onError;
  }

  /** Whether anybody wants a record of a request to which these hooks apply. */
  wantsRecord(hooks: RouteHooks): boolean {
    return this.#accessLog !== null || this.#onErrorHooks.length > 0 || hooks.onFinish.length > 0;
  }

  /**
   * Something failed outside of any request, or a request was rejected before its head was complete: `request` is what
   * is known of it. The access log gets it; `onFinish` is for those that hooks could have seen.
   */
  onRefusal(error: ReverseItError, request: RejectedRequest | null): void {
    this.#onError(error, null, null);
    const accessLog = this.#accessLog;
    if (accessLog === null || request === null) return;
    const record = rejectedRecord(request, error);
    const context = rejectedInfo(request, error);
    // The request before it on the same connection may be ending just now: its line comes first.
    queueMicrotask(() => this.#writeAccess(accessLog, record, context));
  }

  /** A request failed of which nobody wants a record. */
  onFailure(error: ReverseItError, info: FailedRequest, method: string): void {
    this.#errors?.count(error.code);
    if (this.#logger !== null) this.#log(this.#logger, error, info, method);
  }

  /** A hook failed that cannot end its request: another error is being answered. */
  onHookFailure(error: ReverseItError, context: RequestInfo, method: string): void {
    if (this.#logger !== null) this.#log(this.#logger, error, context, method);
    this.#tell(error, null, context);
  }

  /** A request is over. */
  onRecord(record: AccessRecord, context: RequestInfo, { onFinish }: RouteHooks): void {
    if (record.error !== null) this.#onError(record.error, record, context);
    if (this.#accessLog !== null) this.#writeAccess(this.#accessLog, record, context);
    for (const hook of onFinish) {
      try {
        this.#watch('onFinish', hook(record, context));
      } catch (error) {
        this.#logThrown('onFinish', error);
      }
    }
  }

  /** The format may be a function of the application's. */
  #writeAccess(accessLog: OnFinish, record: AccessRecord, context: RequestInfo): void {
    try {
      accessLog(record, context);
    } catch (error) {
      this.#logThrown('accessLogFormat', error);
    }
  }

  /** The backends of a route cannot be looked up; those that are known are kept. */
  onDiscoveryError(error: ReverseItError, route: string): void {
    this.#logger?.warn({ err: error, code: error.code, route }, error.message);
    this.#tell(error, null, null);
  }

  /** The state of a backend has changed. */
  onBackendState(change: RouteBackendChange): void {
    const { name, url, route, state, previous, reason } = change;
    const isBad = state === 'unhealthy' || state === 'ejected';
    const why = reason === null ? '' : `: ${reason}`;
    const details = { backend: name, url, route, state, previous, reason };
    this.#logger?.[isBad ? 'warn' : 'info'](details, `backend ${name} is ${state}${why}`);
    for (const hook of this.#onBackendStateHooks) {
      try {
        this.#watch('onBackendState', hook(change));
      } catch (error) {
        this.#logThrown('onBackendState', error);
      }
    }
  }

  #onError(error: ReverseItError, record: AccessRecord | null, context: RequestInfo | null): void {
    if (this.#logger !== null) this.#log(this.#logger, error, record, record?.method ?? '');
    this.#tell(error, record, context);
  }

  #tell(error: ReverseItError, record: AccessRecord | null, context: RequestInfo | null): void {
    this.#errors?.count(error.code);
    for (const hook of this.#onErrorHooks) {
      try {
        this.#watch('onError', hook(error, record, context));
      } catch (cause) {
        this.#logThrown('onError', cause);
      }
    }
  }

  #log(logger: Logger, error: ReverseItError, request: FailedRequest | null, method: string): void {
    const details = {
      err: error,
      code: error.code,
      ...(request === null ? {} : { route: request.route, method }),
      ...(typeof request?.requestId === 'string' ? { requestId: request.requestId } : {}),
    };
    logger[levelOf(error)](details, error.message);
  }

  /** A callback that fails later must not end the process. */
  #watch(name: string, result: unknown): void {
    watchCallback(result, (cause) => this.#logThrown(name, cause));
  }

  #logThrown(name: string, cause: unknown): void {
    const err = hookError(name, cause);
    this.#logger?.error({ err, code: err.code }, err.message);
  }
}

/** Errors of clients are expected; ours and the backend's are not. */
function levelOf({ blame, code }: ReverseItError): 'debug' | 'warn' | 'error' {
  if (code === 'RIT_ERR_SHUTDOWN' || code === 'RIT_ERR_WS_UPSTREAM_LOST') return 'warn';
  // Speaking HTTP to a TLS port is mostly a mistake of whoever has set up what stands before us.
  if (code === 'RIT_ERR_PLAIN_HTTP' || code === 'RIT_ERR_PROXY_PROTOCOL') return 'warn';
  if (blame === 'us') return 'error';
  return blame === 'upstream' ? 'warn' : 'debug';
}

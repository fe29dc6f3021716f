/** Answers a request that failed, and ends its record. */
import type { Exchange } from '@reverseit/core';
import { asReverseItError } from '@reverseit/core/internal';
import { failureFields } from '../headers/proxy-status.ts';
import { ErrorAnswer } from './error-answer.ts';
import type { ProxyShared } from './proxy-shared.ts';
import { RequestContext } from './request-context.ts';
import type { RouteRuntime } from './route-runtime.ts';

/**
 * Answers as `onErrorResponse` says, else as the route's `errorResponse` or the error itself does.
 * `route` and `context` are null where there is none. Never throws.
 */
export function answerError(
  shared: ProxyShared,
  exchange: Exchange,
  route: RouteRuntime | null,
  context: RequestContext | null,
  cause: unknown,
): void {
  const error = asReverseItError(cause);
  const known = context ?? new RequestContext(exchange, shared, route);
  const fields = failureFields(shared.proxyStatus, error.code);
  const answerPlainly = (): void => {
    if (route === null) exchange.fail(error, fields);
    else route.answer(exchange, error);
  };
  if (exchange.headSent || error.status === 0 || known.hooks.onErrorResponse.length === 0) {
    answerPlainly();
    known.finish(error);
  } else new ErrorAnswer(exchange, known, error, shared.observer, fields, answerPlainly).begin();
}

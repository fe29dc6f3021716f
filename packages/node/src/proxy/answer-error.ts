/** Answers a request that failed, and ends its record. */
import type { Exchange } from '@reverseit/core';
import { fail, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import { RequestContext } from '../hooks/hook-context.ts';
import type { ProxyShared } from './proxy-shared.ts';
import type { RouteRuntime } from './route-runtime.ts';

/** `route` and `context` are null where there is none. Never throws. */
export function answerError(
  shared: ProxyShared,
  exchange: Exchange,
  route: RouteRuntime | null,
  context: RequestContext | null,
  cause: unknown,
): void {
  const error = asOurs(cause);
  if (route === null) exchange.fail(error);
  else route.answer(exchange, error);
  (context ?? new RequestContext(exchange, shared, route)).finish(error);
}

function asOurs(error: unknown): ReverseItError {
  return isReverseItError(error) ? error : fail('RIT_ERR_INTERNAL', undefined, { cause: error });
}

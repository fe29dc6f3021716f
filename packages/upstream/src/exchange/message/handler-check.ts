/** Whether a handler can be told everything (see `ResponseHandler`). */
import { createError } from '@reverseit/core/errors';
import { kindOf } from './kind-of.ts';

const responseMethods = ['onInterim', 'onHead', 'onData', 'onEnd', 'onError'] as const;
const upgradeMethods = [...responseMethods, 'onSwitch'] as const;

/** @throws StateError `RIT_ERR_INTERNAL` that names the first method that is missing. */
export function checkHandler(handler: unknown, upgrading: boolean): void {
  if (typeof handler !== 'object' || handler === null) {
    throw createError('RIT_ERR_INTERNAL', `handler must be an object, not ${kindOf(handler)}`);
  }
  for (const name of upgrading ? upgradeMethods : responseMethods) {
    const method: unknown = Reflect.get(handler, name);
    if (typeof method === 'function') continue;
    throw createError(
      'RIT_ERR_INTERNAL',
      `handler.${name} must be a function, not ${kindOf(method)}`,
    );
  }
}

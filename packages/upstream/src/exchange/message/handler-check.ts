/** Checks what a caller hands in beside the request: its handler (see `ResponseHandler`) and its protocol. */
import { createError } from '@reverseit/core/errors';
import { readUpgrade } from '@reverseit/core/http';
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

/** @throws StateError `RIT_ERR_INTERNAL` where Upgrade could not name the protocol (RFC 9110 §7.8) */
export function checkProtocol(protocol: string): void {
  if (!readUpgrade(['upgrade', protocol])?.length) {
    throw createError(
      'RIT_ERR_INTERNAL',
      'upgrade: expected the name of a protocol (RFC 9110 §7.8)',
    );
  }
}

/**
 * Calls of the application's code. What it throws, or what a promise that it returns is rejected with, ends
 * its exchange and nothing else.
 */
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import type { FieldSection } from '../../http/field-section.ts';
import type { Exchange } from './exchange.ts';
import type { ExchangeHandler } from './exchange-handler.ts';
import type { RequestListener } from './server-context.ts';
import { watchCallback } from './thenable.ts';

export function callListener(exchange: Exchange, listener: RequestListener): void {
  try {
    watch(exchange, 'the request listener', listener(exchange));
  } catch (cause) {
    exchange.onCallFailed('the request listener', cause);
  }
}

export function callBody(exchange: Exchange, bytes: Buffer): void {
  if (exchange.meter !== null) exchange.meter.onReceived(bytes.length);
  try {
    watch(exchange, 'onBody', exchange.handler.onBody(bytes));
  } catch (cause) {
    exchange.onCallFailed('onBody', cause);
  }
}

export function callBodyAnnounced(exchange: Exchange, length: number): void {
  try {
    watch(exchange, 'onBodyAnnounced', exchange.handler.onBodyAnnounced?.(length));
  } catch (cause) {
    exchange.onCallFailed('onBodyAnnounced', cause);
  }
}

export function callBodyEnd(exchange: Exchange, trailers: FieldSection): void {
  try {
    watch(exchange, 'onBodyEnd', exchange.handler.onBodyEnd(trailers));
  } catch (cause) {
    exchange.onCallFailed('onBodyEnd', cause);
  }
}

export function callDrain(exchange: Exchange): void {
  try {
    watch(exchange, 'onDrain', exchange.handler.onDrain());
  } catch (cause) {
    exchange.onCallFailed('onDrain', cause);
  }
}

export function callAbort(
  exchange: Exchange,
  handler: ExchangeHandler,
  error: ReverseItError,
): void {
  try {
    watch(exchange, 'onAbort', handler.onAbort(error));
  } catch (cause) {
    exchange.onCallFailed('onAbort', cause);
  }
}

/** Whether the handler answers the error by itself, or has failed over it. */
export function callFault(exchange: Exchange, error: ReverseItError): boolean {
  try {
    return exchange.handler.onFault?.(error) === true;
  } catch (cause) {
    exchange.onCallFailed('onFault', cause);
    return true;
  }
}

function watch(exchange: Exchange, name: string, result: unknown): void {
  // Nearly all of them return nothing, and cost no closure.
  if (result === undefined) return;
  watchCallback(result, (cause) => exchange.onCallFailed(name, cause));
}

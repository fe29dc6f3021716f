/**
 * Calls of a handler, which is the application's. It must not throw; what one that does has thrown comes back
 * as an error of ours, and never goes through the transport that is in the middle of a read.
 */
import type { Duplex } from 'node:stream';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import type { FieldSection, ReadonlyFieldSection } from '@reverseit/core/http';
import { ignoreError } from '@reverseit/core/internal';
import type {
  ResponseHandler,
  UpgradeHandler,
  UpstreamResponseHead,
} from './message/upstream-response.ts';

type Thrown = ReverseItError | null;

export function callInterim(
  handler: ResponseHandler,
  status: number,
  fields: ReadonlyFieldSection,
): Thrown {
  try {
    handler.onInterim(status, fields);
  } catch (cause) {
    return thrownIn('onInterim', cause);
  }
  return null;
}

export function callHead(handler: ResponseHandler, head: UpstreamResponseHead): Thrown {
  try {
    handler.onHead(head);
  } catch (cause) {
    return thrownIn('onHead', cause);
  }
  return null;
}

export function callData(handler: ResponseHandler, chunk: Buffer): Thrown {
  try {
    handler.onData(chunk);
  } catch (cause) {
    return thrownIn('onData', cause);
  }
  return null;
}

export function callEnd(handler: ResponseHandler, trailers: FieldSection): Thrown {
  try {
    handler.onEnd(trailers);
  } catch (cause) {
    return thrownIn('onEnd', cause);
  }
  return null;
}

export function callError(handler: ResponseHandler, error: ReverseItError): Thrown {
  try {
    handler.onError(error);
  } catch (cause) {
    return thrownIn('onError', cause);
  }
  return null;
}

/** The socket of a handler that throws is closed: nobody has it. */
export function callSwitch(
  handler: UpgradeHandler,
  head: UpstreamResponseHead,
  socket: Duplex,
): Thrown {
  try {
    handler.onSwitch(head, socket);
  } catch (cause) {
    socket.on('error', ignoreError).destroy();
    return thrownIn('onSwitch', cause);
  }
  return null;
}

function thrownIn(method: string, cause: unknown): ReverseItError {
  return createError('RIT_ERR_INTERNAL', `response handler threw in ${method}`, { cause });
}

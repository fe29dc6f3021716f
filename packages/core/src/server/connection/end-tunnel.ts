import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import type { Tunnel } from '../exchange/exchange-handler.ts';
import type { ServerContext } from '../exchange/server-context.ts';

/** Ends a tunnel, in good order or with an error. What it throws must not keep the server from closing. */
export function endTunnel(
  tunnel: Tunnel,
  error: ReverseItError | null,
  context: ServerContext,
): void {
  try {
    if (error === null) tunnel.shutdown();
    else tunnel.destroy(error);
  } catch (cause) {
    context.onFailure(createError('RIT_ERR_INTERNAL', 'a tunnel threw', { cause }));
  }
}

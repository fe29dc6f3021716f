/**
 * The application's callbacks in a TLS handshake. Not every version of Node catches what they throw, and none
 * awaits what they hand back; a client could end the process by asking for the right name.
 */
import type { TlsOptions } from 'node:tls';
import { isThenable, watchCallback } from '../exchange/thenable.ts';

type SNICallback = NonNullable<TlsOptions['SNICallback']>;
type SNIDone = Parameters<SNICallback>[1];

/** Hears what a callback threw; the handshake fails. */
export type TellThrown = (name: string, cause: unknown) => void;

/** The same options, whose callbacks end a handshake at most. */
export function guardCallbacks<T extends TlsOptions>(options: T, tell: TellThrown): T {
  const { SNICallback, pskCallback } = options;
  return {
    ...options,
    ...(typeof SNICallback === 'function' ? { SNICallback: guardSni(SNICallback, tell) } : {}),
    ...(typeof pskCallback === 'function' ? { pskCallback: guardPsk(pskCallback, tell) } : {}),
  };
}

function guardSni(callback: SNICallback, tell: TellThrown): SNICallback {
  return (name, done) => {
    let over = false;
    const once: SNIDone = (error, context) => {
      if (over) return;
      over = true;
      done(error, context);
    };
    const onThrown = (cause: unknown): void => {
      tell('tls.SNICallback', cause);
      once(cause instanceof Error ? cause : new Error(String(cause)));
    };
    try {
      // What an async function hands back; the type says nothing of it.
      watchCallback(callback(name, once), onThrown);
    } catch (cause) {
      onThrown(cause);
    }
  };
}

type PskCallback = NonNullable<TlsOptions['pskCallback']>;

function guardPsk(callback: PskCallback, tell: TellThrown): PskCallback {
  return (socket, identity) => {
    try {
      const result: unknown = callback(socket, identity);
      if (!isThenable(result)) return result as ReturnType<PskCallback>;
      // Node takes no promise here, and what comes of this one is nobody's.
      watchCallback(result, ignore);
      tell(
        'tls.pskCallback',
        new TypeError('it returned a promise, which is not supported in a handshake'),
      );
    } catch (cause) {
      tell('tls.pskCallback', cause);
    }
    // No such identity.
    return null;
  };
}

function ignore(): void {
  // It was told of already.
}

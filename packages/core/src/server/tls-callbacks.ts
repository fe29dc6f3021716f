/**
 * The application's callbacks in a TLS handshake. Not every version of Node catches what they throw, and none
 * awaits what they hand back; a client could end the process by asking for the right name.
 */
import type { TlsOptions } from 'node:tls';

type SNICallback = NonNullable<TlsOptions['SNICallback']>;
type SNIDone = Parameters<SNICallback>[1];

/** Hears what a callback threw; the handshake fails. */
export type TellThrown = (name: string, cause: unknown) => void;

/** The same options, whose callbacks end a handshake at most. */
export function guardCallbacks(options: TlsOptions, tell: TellThrown): TlsOptions {
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
      const result: unknown = callback(name, once);
      if (result instanceof Promise) result.catch(onThrown);
    } catch (cause) {
      onThrown(cause);
    }
  };
}

type PskCallback = NonNullable<TlsOptions['pskCallback']>;

function guardPsk(callback: PskCallback, tell: TellThrown): PskCallback {
  return (socket, identity) => {
    try {
      return callback(socket, identity);
    } catch (cause) {
      tell('tls.pskCallback', cause);
      // No such identity.
      return null;
    }
  };
}

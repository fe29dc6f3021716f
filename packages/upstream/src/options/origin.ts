/**
 * Where requests go: scheme, host and port of a backend, or a unix socket with that authority. Parsed
 * once, when a route is made. The path of the backend's URL is the caller's business.
 */
import { createError } from '@reverseit/core/errors';

export interface Origin {
  /** The same key means the same connections. */
  readonly key: string;
  /** For stats and logs: `http://host:port`, with the socket's path where there is one. */
  readonly label: string;
  readonly secure: boolean;
  /** Name or address to connect to; an IPv6 address stands without its brackets. */
  readonly host: string;
  readonly port: number;
  readonly unixSocket: string | null;
  /** No PROXY header is sent, whatever the pool's options say: it is a port for checks alone. */
  readonly headerless: boolean;
  /** Connects to this place, while host and port stay the authority and the name of TLS; null: to them. */
  readonly place: OriginPlace | null;
}

/** An address, or a name to look up, that serves an origin. */
export interface OriginPlace {
  readonly host: string;
  readonly port: number;
}

const secureByProtocol: Readonly<Record<string, boolean>> = {
  __proto__: null as never,
  'http:': false,
  'ws:': false,
  'https:': true,
  'wss:': true,
};

/**
 * Reads a backend.
 * @throws ConfigError `RIT_ERR_CONFIG` for another scheme, credentials or a missing host.
 */
export function parseOrigin(
  backend: string | URL,
  unixSocket: string | null = null,
  place: OriginPlace | null = null,
): Origin {
  const url = toUrl(backend);
  const secure = secureByProtocol[url.protocol];
  if (secure === undefined) throw refuse('the scheme must be http, https, ws or wss', url.protocol);
  if (url.username !== '' || url.password !== '')
    throw refuse('the URL must not contain credentials');
  if (url.hostname === '') throw refuse('the URL has no host');
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  if (port === 0) throw refuse('the port must not be 0');
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const label = `${secure ? 'https' : 'http'}://${url.hostname}:${port}`;
  const origin = { key: label, label, secure, host, port, unixSocket, place, headerless: false };
  if (place !== null) {
    const at = `${label} (at ${place.host}:${place.port})`;
    return { ...origin, key: at, label: at };
  }
  if (unixSocket === null) return origin;
  if (unixSocket === '' || unixSocket.includes('\0')) {
    throw createError('RIT_ERR_CONFIG', 'unixSocket: expected a path');
  }
  const key = `${label} ${unixSocket}`;
  return { ...origin, key, label: `${label} (unix:${unixSocket})` };
}

/** The port of an origin that is for checks alone. */
export function checkPort(origin: Origin): Origin {
  return { ...origin, key: `${origin.key} (checks)`, headerless: true };
}

function toUrl(backend: string | URL): URL {
  if (backend instanceof URL) return backend;
  const url = URL.parse(backend);
  if (url === null) throw refuse('not a valid URL');
  return url;
}

function refuse(why: string, value?: string): Error {
  // The value itself may hold a password.
  return createError(
    'RIT_ERR_CONFIG',
    `backend: ${why}${value === undefined ? '' : `, not ${value}`}`,
  );
}

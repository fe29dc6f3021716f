/** Where a server listens, as text and as a value. */

import type { ListenTarget } from '@reverseit/core';
import { isPlainObject, type JsonSchema } from '@reverseit/core/options';

/**
 * A TCP address, the path of a Unix socket, or the file descriptor of a socket that the process was started with.
 * Without a host: every address of the machine.
 */
export type ListenAddress =
  | { readonly host?: string; readonly port: number }
  | { readonly path: string }
  | { readonly fd: number };

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT`, `PORT`, `unix:PATH` or `fd:N`. Port 0 is any free port. Undefined
 * where the text is none of these.
 */
export function parseListenAddress(text: string): ListenTarget | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' || path.includes('\0') ? undefined : Object.freeze({ path });
  }
  if (text.startsWith('fd:')) return inheritedSocket(text.slice('fd:'.length));
  const [, ipv6, name, digits = ''] = addressPattern.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65535) return undefined;
  const host = ipv6 ?? name;
  if (host === undefined) return Object.freeze({ port });
  if (ipv6 !== undefined && !URL.canParse(`http://[${ipv6}]`)) return undefined;
  return Object.freeze({ host, port });
}

/** The first three are standard input, output and error. */
function inheritedSocket(digits: string): ListenTarget | undefined {
  const fd = Number(digits);
  return /^\d{1,5}$/.test(digits) && fd >= 3 ? Object.freeze({ fd }) : undefined;
}

const addressPattern =
  /^(?:(?:\[([\dA-Fa-f:.]+)\]|([A-Za-z\d](?:[A-Za-z\d._-]*[A-Za-z\d])?))?:)?(\d{1,5})$/;

/** The same of a host, or none, and a port. */
export function listenTarget(host: string | null, port: number): ListenTarget | undefined {
  return parseListenAddress(host === null ? `${port}` : `${bracketed(host)}:${port}`);
}

/** What `readListenAddress` accepts, for messages. */
export const listenAddressAccepted =
  '"HOST:PORT", "[IPV6]:PORT", ":PORT", a port, "unix:PATH", "fd:N", or an object {host, port}, {path} or {fd}';

/** How it is written as a flag. */
export const addressText = {
  placeholder: 'HOST:PORT',
  accepts: '"HOST:PORT", "[IPV6]:PORT", ":PORT", a port, "unix:PATH" or "fd:N"',
};

/** How it is written in JSON. */
export const addressJson: JsonSchema = {
  anyOf: [
    { type: 'string' },
    { type: 'integer', minimum: 0, maximum: 65535 },
    {
      type: 'object',
      properties: {
        host: { type: 'string' },
        port: { type: 'integer', minimum: 0, maximum: 65535 },
      },
      required: ['port'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { path: { type: 'string' } },
      required: ['path'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { fd: { type: 'integer', minimum: 3, maximum: 99_999 } },
      required: ['fd'],
      additionalProperties: false,
    },
  ],
};

/** Reads an address given as text, as a port, or as an object. */
export function readListenAddress(value: unknown): ListenAddress | undefined {
  if (typeof value === 'string' || typeof value === 'number') return parseListenAddress(`${value}`);
  if (!isPlainObject(value)) return undefined;
  const { host, port, path, fd } = value;
  if (fd !== undefined) {
    const isAlone = host === undefined && port === undefined && path === undefined;
    return isAlone && typeof fd === 'number' ? parseListenAddress(`fd:${fd}`) : undefined;
  }
  if (typeof path === 'string' && host === undefined && port === undefined) {
    return parseListenAddress(`unix:${path}`);
  }
  if (typeof port !== 'number' || path !== undefined) return undefined;
  if (host === undefined) return parseListenAddress(`${port}`);
  return typeof host === 'string' ? parseListenAddress(`${bracketed(host)}:${port}`) : undefined;
}

/** The address as a URL for a person to open, or the path of the socket. */
export function showListenAddress(address: ListenTarget, secure = false): string {
  if ('path' in address) return `unix:${address.path}`;
  if ('fd' in address) return `fd:${address.fd}`;
  const { host = '::', port } = address;
  return `${secure ? 'https' : 'http'}://${bracketed(host)}:${port}`;
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

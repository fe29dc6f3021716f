/** Where a server listens, as text and as a value. */

import type { ListenTarget } from '@reverseit/core';
import { isPlainObject, type JsonSchema } from '@reverseit/core/options';

/** A TCP address or the path of a Unix socket. Without a host: every address of the machine. */
export type ListenAddress =
  | { readonly host?: string; readonly port: number }
  | { readonly path: string };

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT`, `PORT` or `unix:PATH`. Port 0 is any free port. Undefined
 * where the text is none of these.
 */
export function parseListenAddress(text: string): ListenTarget | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' || path.includes('\0') ? undefined : Object.freeze({ path });
  }
  const [, ipv6, name, digits = ''] = addressPattern.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65535) return undefined;
  const host = ipv6 ?? name;
  if (host === undefined) return Object.freeze({ port });
  if (ipv6 !== undefined && !URL.canParse(`http://[${ipv6}]`)) return undefined;
  return Object.freeze({ host, port });
}

const addressPattern =
  /^(?:(?:\[([\dA-Fa-f:.]+)\]|([A-Za-z\d](?:[A-Za-z\d._-]*[A-Za-z\d])?))?:)?(\d{1,5})$/;

/** The same of a host, or none, and a port. */
export function listenTarget(host: string | null, port: number): ListenTarget | undefined {
  return parseListenAddress(host === null ? `${port}` : `${bracketed(host)}:${port}`);
}

/** What `readListenAddress` accepts, for messages. */
export const listenAddressAccepted =
  '"HOST:PORT", "[IPV6]:PORT", ":PORT", a port, "unix:PATH", or an object {host, port} or {path}';

/** How it is written as a flag. */
export const addressText = {
  placeholder: 'HOST:PORT',
  accepts: '"HOST:PORT", "[IPV6]:PORT", ":PORT", a port or "unix:PATH"',
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
  ],
};

/** Reads an address given as text, as a port, or as an object. */
export function readListenAddress(value: unknown): ListenAddress | undefined {
  if (typeof value === 'string' || typeof value === 'number') return parseListenAddress(`${value}`);
  if (!isPlainObject(value)) return undefined;
  const { host, port, path } = value;
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
  const { host = '::', port } = address;
  return `${secure ? 'https' : 'http'}://${bracketed(host)}:${port}`;
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

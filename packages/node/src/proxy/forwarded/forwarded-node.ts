/** One hop of a chain of proxies: an address, or a name for who does not want to be known (RFC 7239 §6). Pure. */
import { toLowerAscii } from '@reverseit/core/http';
import { formatIpAddress, type IpAddress, isIpv4, parseIpAddress } from '@reverseit/core/internal';

export interface ForwardedNode {
  /** As it was written. */
  readonly text: string;
  /** Null of `unknown` and of an obfuscated identifier such as `_hidden` (RFC 7239 §6.2, §6.3). */
  readonly address: IpAddress | null;
  /** 0 where none is given, or an obfuscated one. */
  readonly port: number;
}

const portText = /^(?:\d{1,5}|_[\w.-]+)$/;
const hiddenName = /^_[\w.-]+$/;

/**
 * Reads `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`, `unknown` or `_hidden`, and, as
 * X-Forwarded-For has it, an IPv6 address without brackets. Null for anything else.
 */
export function parseForwardedNode(text: string): ForwardedNode | null {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    const inner = text.substring(1, close);
    return close === -1 || !inner.includes(':') ? null : addressAndPort(text, inner, close + 1);
  }
  const colon = text.indexOf(':');
  if (colon !== -1 && text.includes(':', colon + 1)) return addressAndPort(text, text, text.length);
  const end = colon === -1 ? text.length : colon;
  const name = text.substring(0, end);
  if (hiddenName.test(name) || toLowerAscii(name) === 'unknown') {
    return portAt(text, end) === -1 ? null : { text, address: null, port: 0 };
  }
  return addressAndPort(text, name, end);
}

function addressAndPort(text: string, given: string, end: number): ForwardedNode | null {
  const address = parseIpAddress(given);
  const port = portAt(text, end);
  return address === null || port === -1 ? null : { text, address, port };
}

/** The port after the colon at `at`: 0 where there is none, or one that is obfuscated; -1 where it is malformed. */
function portAt(text: string, at: number): number {
  if (at === text.length) return 0;
  const port = text.substring(at + 1);
  if (text.charCodeAt(at) !== 0x3a || !portText.test(port)) return -1;
  if (port.startsWith('_')) return 0;
  const number = Number(port);
  return number > 65535 ? -1 : number;
}

/** As a value of X-Forwarded-For: without brackets or port. */
export function bareNode({ text, address }: ForwardedNode): string {
  return address === null ? text : formatIpAddress(address);
}

/** As a value of `for` or `by`, quoted where it is no token (RFC 7239 §6). */
export function nodeValue({ text, address, port }: ForwardedNode): string {
  if (address === null) return text.includes(':') ? `"${text}"` : text;
  const bare = formatIpAddress(address);
  const name = isIpv4(address) ? bare : `[${bare}]`;
  if (port !== 0) return `"${name}:${port}"`;
  return name === bare ? bare : `"${name}"`;
}

/**
 * IP addresses as numbers, read strictly. An IPv4 address is the IPv6 address that it is mapped to (RFC 4291
 * §2.5.5.2), so that both spellings of one are equal.
 */
import { isHexDigit } from '../http/ascii.ts';

/** Eight groups of 16 bits. */
export type IpAddress = readonly number[];

/**
 * Reads an IPv4 address of four decimal numbers without leading zeros, or an IPv6 address (RFC 4291 §2.2)
 * without brackets. A zone (RFC 4007 §11) is passed over: it means nothing to another machine. Null for
 * anything else.
 */
export function parseIpAddress(text: string): IpAddress | null {
  // The longest is an IPv6 address that ends with an IPv4 address; names of zones are short.
  if (text.length > 120) return null;
  if (!text.includes(':')) return mapped(text);
  const zone = text.indexOf('%');
  if (zone === -1) return parseIpv6(text);
  return /^[\w.~-]+$/.test(text.substring(zone + 1)) ? parseIpv6(text.substring(0, zone)) : null;
}

function mapped(text: string): IpAddress | null {
  const octets = parseOctets(text, 0);
  return octets < 0
    ? null
    : [0, 0, 0, 0, 0, 0xffff, Math.floor(octets / 0x10000), octets % 0x10000];
}

/** The four numbers as one; -1 where it is no IPv4 address. */
function parseOctets(text: string, start: number): number {
  let all = 0;
  let at = start;
  for (let nth = 0; nth < 4; nth++) {
    if (nth > 0 && text.charCodeAt(at++) !== 0x2e) return -1;
    const first = at;
    let octet = 0;
    for (; at < text.length && at - first < 3; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      octet = octet * 10 + digit;
    }
    const length = at - first;
    if (length === 0 || octet > 255 || (length > 1 && text.charCodeAt(first) === 0x30)) return -1;
    all = all * 256 + octet;
  }
  return at === text.length ? all : -1;
}

function parseIpv6(text: string): IpAddress | null {
  // RFC 4291 §2.2: `::` stands for one group of zeros or more, once.
  const gap = text.indexOf('::');
  if (gap === -1) {
    const groups = readGroups(text, true);
    return groups !== null && groups.length === 8 ? groups : null;
  }
  const before = gap === 0 ? [] : readGroups(text.substring(0, gap), false);
  const after = gap + 2 === text.length ? [] : readGroups(text.substring(gap + 2), true);
  if (before === null || after === null) return null;
  const missing = 8 - before.length - after.length;
  return missing < 1 ? null : [...before, ...new Array<number>(missing).fill(0), ...after];
}

/** Groups between colons; the last may be an IPv4 address, which makes two, where it ends the whole. */
function readGroups(text: string, mayEndInIpv4: boolean): number[] | null {
  const groups: number[] = [];
  let start = 0;
  while (start <= text.length) {
    if (groups.length === 8) return null;
    let end = text.indexOf(':', start);
    if (end === -1) end = text.length;
    const octets = end === text.length && mayEndInIpv4 ? parseOctets(text, start) : -1;
    if (octets >= 0) groups.push(Math.floor(octets / 0x10000), octets % 0x10000);
    else {
      const group = readGroup(text, start, end);
      if (group < 0) return null;
      groups.push(group);
    }
    start = end + 1;
  }
  return groups;
}

/** One to four hexadecimal digits; -1 for anything else. */
function readGroup(text: string, start: number, end: number): number {
  if (end === start || end - start > 4) return -1;
  for (let at = start; at < end; at++) if (!isHexDigit(text.charCodeAt(at))) return -1;
  return Number.parseInt(text.substring(start, end), 16);
}

/** Whether it is an IPv4 address, mapped or not. */
export function isIpv4(address: IpAddress): boolean {
  return address[5] === 0xffff && address.every((group, nth) => nth > 4 || group === 0);
}

/** The one spelling of an address: dotted decimal for IPv4, RFC 5952 for IPv6. */
export function formatIpAddress(address: IpAddress): string {
  if (isIpv4(address)) {
    const [high = 0, low = 0] = address.slice(6);
    return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
  }
  const { start, length } = longestZeros(address);
  const before = hex(address.slice(0, start));
  // RFC 5952 §4.2.2: not for one group alone.
  return length < 2 ? hex(address) : `${before}::${hex(address.slice(start + length))}`;
}

const hex = (groups: readonly number[]): string =>
  groups.map((group) => group.toString(16)).join(':');

/** The longest run of groups that are zero, the first of several (RFC 5952 §4.2.3). */
function longestZeros(address: IpAddress): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let nth = 0; nth <= 8; nth++) {
    if (address[nth] === 0) continue;
    if (nth - start > best.length) best = { start, length: nth - start };
    start = nth + 1;
  }
  return best;
}

/**
 * IP addresses as numbers, read strictly. An IPv4 address is the IPv6 address that it is mapped to (RFC 4291
 * §2.5.5.2), so that both spellings of one are equal.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** Eight groups of 16 bits. */
export type IpAddress = readonly number[];

/** Names of zones are short. */
const zoneText = /^[\w.~-]{1,64}$/;

/**
 * Reads an IPv4 address of four decimal numbers without leading zeros, or an IPv6 address (RFC 4291 §2.2)
 * without brackets. A zone (RFC 4007 §11) is passed over: it means nothing to another machine. Null for
 * anything else.
 */
export function parseIpAddress(text: string): IpAddress | null {
  if (isIPv4(text)) return [0, 0, 0, 0, 0, 0xffff, ...readOctets(text)];
  const zone = text.indexOf('%');
  const address = zone === -1 ? text : text.substring(0, zone);
  if (!isIPv6(address) || (zone !== -1 && !zoneText.test(text.substring(zone + 1)))) return null;
  // RFC 4291 §2.2: `::` stands for one group of zeros or more, once.
  const gap = address.indexOf('::');
  const before = readGroups(gap === -1 ? address : address.substring(0, gap));
  const after = gap === -1 ? [] : readGroups(address.substring(gap + 2));
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** The groups of a part of an IPv6 address; an IPv4 address at its end makes two. */
function readGroups(text: string): number[] {
  if (text === '') return [];
  return text
    .split(':')
    .flatMap((group) => (group.includes('.') ? readOctets(group) : Number.parseInt(group, 16)));
}

/** The four numbers of an IPv4 address as two groups. */
function readOctets(text: string): [high: number, low: number] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d];
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

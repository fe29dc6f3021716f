/**
 * Addresses, ranges of them and names for some, as options list them: `10.0.0.0/8`, `::1`, `private`, `unix`.
 * Asked for each request: an address of a socket is looked at once, its answer is kept.
 */
import { formatIpAddress, type IpAddress, isIpv4, parseIpAddress } from './ip-address.ts';

/** All addresses that begin with so many bits of one. */
export interface AddressRange {
  readonly address: IpAddress;
  /** From 0 to 128; of IPv4 addresses 96 more than they are written with. */
  readonly bits: number;
  readonly ipv4: boolean;
}

/** Names that stand for ranges. */
export const namedRanges: Readonly<Record<string, readonly string[]>> = {
  // RFC 1122 §3.2.1.3, RFC 4291 §2.5.3
  loopback: ['127.0.0.0/8', '::1/128'],
  // RFC 1918 §3, RFC 4193 §3.1
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
  // RFC 3927 §2.1, RFC 4291 §2.5.6
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  // RFC 6598 §7: shared by a provider and its customers, which are strangers to each other.
  cgnat: ['100.64.0.0/10'],
};

/** Stands for every peer on a Unix socket. */
export const unixSockets = 'unix';

/** Why an entry cannot be read. */
export type RangeFault =
  | { readonly kind: 'syntax' }
  /** Bits beyond the length are set, so that it could mean an address or the range around it. */
  | { readonly kind: 'bits'; readonly range: string };

const lengthText = /^\d{1,3}$/;

/** Reads `ADDRESS` or `ADDRESS/BITS` (RFC 4632 §3.1, RFC 4291 §2.3). */
export function parseAddressRange(text: string): AddressRange | RangeFault {
  const slash = text.indexOf('/');
  const address = text.includes('%')
    ? null
    : parseIpAddress(slash === -1 ? text : text.substring(0, slash));
  if (address === null) return { kind: 'syntax' };
  const ipv4 = isIpv4(address);
  if (slash === -1) return { address, bits: 128, ipv4 };
  const length = text.substring(slash + 1);
  if (!lengthText.test(length) || String(Number(length)) !== length) return { kind: 'syntax' };
  const bits = Number(length) + (ipv4 && !text.includes(':') ? 96 : 0);
  if (bits > 128) return { kind: 'syntax' };
  const masked = address.map((group, nth) => group & maskOf(bits, nth));
  if (masked.some((group, nth) => group !== address[nth])) {
    return { kind: 'bits', range: `${formatIpAddress(masked)}/${length}` };
  }
  // A mapped range that holds more than the mapped addresses is one of IPv6.
  return { address, bits, ipv4: ipv4 && bits >= 96 };
}

/** Of the `nth` group, the bits that belong to the first so many. */
function maskOf(bits: number, nth: number): number {
  const own = Math.min(16, Math.max(0, bits - nth * 16));
  return (0xffff << (16 - own)) & 0xffff;
}

/** More answers than these are not kept: an attacker with many addresses must not fill the memory. */
const maxKnown = 4096;

/** A set of addresses. */
export class AddressList {
  readonly #ranges: readonly AddressRange[];
  readonly #unix: boolean;
  readonly #known = new Map<string, boolean>();

  /** @param unix whether peers on Unix sockets belong to it */
  constructor(ranges: readonly AddressRange[], unix: boolean) {
    this.#ranges = ranges;
    this.#unix = unix;
  }

  /** Whether it holds nothing. */
  get empty(): boolean {
    return this.#ranges.length === 0 && !this.#unix;
  }

  /** Whether it holds the peer of a socket, by what `remoteAddress` says of it; empty for a Unix socket. */
  hasPeer(remoteAddress: string): boolean {
    if (remoteAddress === '') return this.#unix;
    let has = this.#known.get(remoteAddress);
    if (has === undefined) {
      const address = parseIpAddress(remoteAddress);
      has = address !== null && this.has(address);
      if (this.#known.size >= maxKnown) this.#known.clear();
      this.#known.set(remoteAddress, has);
    }
    return has;
  }

  /** Whether it holds an address. */
  has(address: IpAddress): boolean {
    const ipv4 = isIpv4(address);
    for (let i = 0; i < this.#ranges.length; i++) {
      const range = this.#ranges[i] as AddressRange;
      if (range.ipv4 === ipv4 && startsAlike(address, range)) return true;
    }
    return false;
  }
}

function startsAlike(address: IpAddress, range: AddressRange): boolean {
  for (let nth = 0; nth * 16 < range.bits; nth++) {
    const difference = (address[nth] as number) ^ (range.address[nth] as number);
    if ((difference & maskOf(range.bits, nth)) !== 0) return false;
  }
  return true;
}

/** Addresses as a name server answers them. */

const mapped = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/;

/**
 * One spelling of an address (RFC 5952), where it is one that a backend can have: an IPv4-mapped address is
 * the IPv4 address itself, so that it is not counted twice. Null for what is no address, and for unspecified
 * (0.0.0.0, ::), multicast and broadcast addresses.
 */
export function canonicalAddress(text: string): string | null {
  const isIPv6 = text.includes(':');
  if (!isIPv6 && !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return null;
  const host = URL.parse(isIPv6 ? `http://[${text}]/` : `http://${text}/`)?.hostname;
  if (host === undefined) return null;
  if (!isIPv6) return isUnicast(host) ? host : null;
  const [, high, low] = mapped.exec(host) ?? [];
  if (high !== undefined && low !== undefined) {
    const bytes = [high, low].flatMap((part) => {
      const value = Number.parseInt(part, 16);
      return [value >> 8, value & 255];
    });
    const address = bytes.join('.');
    return isUnicast(address) ? address : null;
  }
  return host === '[::]' || host.startsWith('[ff') ? null : host.slice(1, -1);
}

/** RFC 6890 §2.2.2, RFC 5771 §3: "this host", multicast, and what is reserved with the broadcast address. */
function isUnicast(address: string): boolean {
  const first = Number(address.slice(0, address.indexOf('.')));
  return first > 0 && first < 224;
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function placeName(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * The address of a client as backends know it: that of an IPv4 client whose server listens on `::` is its
 * IPv4 address (RFC 4291 §2.5.5.2). Empty where there is none, on a Unix socket.
 */
export function clientAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') ? address.substring(7) : address;
}

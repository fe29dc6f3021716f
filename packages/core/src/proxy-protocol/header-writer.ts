/** Writes headers, for backends that expect them. */
import { type IpAddress, isIpv4, parseIpAddress } from '../addresses/ip-address.ts';
import { fixedBytes, signature } from './header-binary.ts';
import type { ProxyAddress } from './proxy-header.ts';
import { type ToldFields, writeTlvs } from './tlv-writer.ts';

/** The ends of a client's connection. */
export interface ProxiedConnection {
  readonly source: ProxyAddress;
  readonly destination: ProxyAddress;
  /** What a proxy in front has told of it beside its ends, for version 2. Default: nothing. */
  readonly told?: ToldFields | null;
}

/**
 * A header of either version for a client's connection. Null is the proxy itself, as for a health check. Where
 * an end has no IP address, as on a Unix socket, version 1 says `UNKNOWN` and version 2 leaves the addresses out.
 */
export function writeProxyHeader(version: 1 | 2, connection: ProxiedConnection | null): Buffer {
  return version === 1 ? writeText(connection) : writeBinary(connection);
}

/** Both ends as addresses of one family; IPv4 where both are. */
function addressesOf(
  connection: ProxiedConnection,
): { readonly source: IpAddress; readonly destination: IpAddress; readonly ipv4: boolean } | null {
  const source = parseIpAddress(connection.source.address);
  const destination = parseIpAddress(connection.destination.address);
  if (source === null || destination === null) return null;
  return { source, destination, ipv4: isIpv4(source) && isIpv4(destination) };
}

/** §2.1 */
function writeText(connection: ProxiedConnection | null): Buffer {
  const addresses = connection === null ? null : addressesOf(connection);
  if (connection === null || addresses === null) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { source, destination, ipv4 } = addresses;
  const text = (address: IpAddress): string => (ipv4 ? dotted(address) : groups(address));
  const ends = `${text(source)} ${text(destination)}`;
  const ports = `${connection.source.port} ${connection.destination.port}`;
  return Buffer.from(`PROXY ${ipv4 ? 'TCP4' : 'TCP6'} ${ends} ${ports}\r\n`, 'latin1');
}

const dotted = (address: IpAddress): string => bytesOf(address).subarray(12).join('.');

/** Without `::`, which not every reader of the first version knows. */
const groups = (address: IpAddress): string => address.map((group) => group.toString(16)).join(':');

/** §2.2 */
function writeBinary(connection: ProxiedConnection | null): Buffer {
  const addresses = connection === null ? null : addressesOf(connection);
  if (connection === null) return fixed(0x20, 0x00, 0);
  const tlvs = writeTlvs(connection.told ?? null);
  if (addresses === null) return Buffer.concat([fixed(0x21, 0x00, tlvs.length), tlvs]);
  const { source, destination, ipv4 } = addresses;
  const skipped = ipv4 ? 12 : 0;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(connection.source.port);
  ports.writeUInt16BE(connection.destination.port, 2);
  const block = [bytesOf(source).subarray(skipped), bytesOf(destination).subarray(skipped), ports];
  const length = (ipv4 ? 12 : 36) + tlvs.length;
  return Buffer.concat([fixed(0x21, ipv4 ? 0x11 : 0x21, length), ...block, tlvs]);
}

function fixed(command: number, family: number, length: number): Buffer {
  const bytes = Buffer.alloc(fixedBytes);
  signature.copy(bytes);
  bytes[12] = command;
  bytes[13] = family;
  bytes.writeUInt16BE(length, 14);
  return bytes;
}

function bytesOf(address: IpAddress): Buffer {
  const bytes = Buffer.alloc(16);
  for (const [nth, group] of address.entries()) bytes.writeUInt16BE(group, 2 * nth);
  return bytes;
}

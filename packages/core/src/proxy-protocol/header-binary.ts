/** Version 2, binary (proxy-protocol §2.2). */
import { formatIpAddress } from '../addresses/ip-address.ts';
import { bareHeader, type ProxyAddress, type ProxyHeader } from './proxy-header.ts';
import { readTlvs } from './tlv-reader.ts';

/** Begins every header; no line of HTTP or of another protocol can begin like this. */
export const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** Before the addresses: signature, version and command, family, length. */
export const fixedBytes = 16;

const VERSION = 0x20;
const COMMAND = { LOCAL: 0, PROXY: 1 } as const;

/** Families and transports that are defined, with the length of their addresses. */
const families: ReadonlyMap<
  number,
  { readonly name: ProxyHeader['family']; readonly size: number }
> = new Map([
  [0x00, { name: null, size: 0 }],
  [0x11, { name: 'tcp4', size: 12 }],
  // A datagram cannot have become a stream: nothing is known of the client.
  [0x12, { name: null, size: 12 }],
  [0x21, { name: 'tcp6', size: 36 }],
  [0x22, { name: null, size: 36 }],
  [0x31, { name: 'unix', size: 216 }],
  [0x32, { name: null, size: 216 }],
]);

/** Bytes of a path, which ends at the first zero. */
const pathBytes = 108;

/** What is wrong with the first 16 bytes, or null; before the length in them is believed. */
export function fixedFault(bytes: Buffer): string | null {
  const version = bytes[12] as number;
  if ((version & 0xf0) !== VERSION) return 'unknown version';
  const command = version & 0x0f;
  if (command > COMMAND.PROXY) return 'unknown command';
  // §2.2: whatever follows is discarded, the family too.
  if (command === COMMAND.LOCAL) return null;
  const family = families.get(bytes[13] as number);
  if (family === undefined) return 'unknown address family';
  return bytes.readUInt16BE(14) >= family.size ? null : 'too short for its addresses';
}

/** Reads a whole header whose first 16 bytes are accepted. A text in place of a header says what is wrong. */
export function parseBinaryHeader(bytes: Buffer): ProxyHeader | string {
  const isLocal = ((bytes[12] as number) & 0x0f) === COMMAND.LOCAL;
  if (isLocal) return { ...bareHeader, version: 2, command: 'local' };
  const { name = null, size = 0 } = families.get(bytes[13] as number) ?? {};
  const fields = readTlvs(bytes, fixedBytes + size);
  if (typeof fields === 'string') return fields;
  return {
    ...fields,
    version: 2,
    command: 'proxy',
    family: name,
    ...addressesOf(name, bytes.subarray(fixedBytes, fixedBytes + size)),
  };
}

function addressesOf(
  family: ProxyHeader['family'],
  bytes: Buffer,
): Pick<ProxyHeader, 'source' | 'destination'> {
  if (family === null) return { source: null, destination: null };
  if (family === 'unix') {
    return {
      source: pathOf(bytes.subarray(0, pathBytes)),
      destination: pathOf(bytes.subarray(pathBytes)),
    };
  }
  const size = family === 'tcp4' ? 4 : 16;
  return {
    source: { address: ipOf(bytes.subarray(0, size)), port: bytes.readUInt16BE(2 * size) },
    destination: {
      address: ipOf(bytes.subarray(size, 2 * size)),
      port: bytes.readUInt16BE(2 * size + 2),
    },
  };
}

function ipOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  return formatIpAddress(Array.from({ length: 8 }, (_, nth) => bytes.readUInt16BE(2 * nth)));
}

function pathOf(bytes: Buffer): ProxyAddress {
  const end = bytes.indexOf(0);
  return { address: bytes.toString('utf8', 0, end === -1 ? bytes.length : end), port: 0 };
}

/** The fields after the addresses: type, length, value (proxy-protocol §2.2). */
import { crc32c } from './crc32c.ts';
import { bareHeader, type ProxyHeader, type ProxyTls, type ProxyTlv } from './proxy-header.ts';
import { TLV } from './tlv-types.ts';

const SSL = { VERSION: 0x21, CN: 0x22, CIPHER: 0x23, SIG_ALG: 0x24, KEY_ALG: 0x25 } as const;

/** Bits of the client's part of an SSL field (§2.2.6). */
const CLIENT = { SSL: 0x01, CERT_CONN: 0x02, CERT_SESS: 0x04 } as const;

/** A field and where its value stands. */
interface Placed extends ProxyTlv {
  readonly start: number;
}

export type HeaderFields = Omit<
  ProxyHeader,
  'version' | 'command' | 'family' | 'source' | 'destination'
>;

const maxUniqueId = 128;

/** Reads the fields from `start` to the end of a header. A text in their place says what is wrong. */
export function readTlvs(header: Buffer, start: number): HeaderFields | string {
  const all = split(header, start);
  if (all === null) return 'a field is longer than the header';
  let { alpn, authority, uniqueId, namespace, tls }: HeaderFields = bareHeader;
  const others: ProxyTlv[] = [];
  const seen = new Set<number>();
  for (const { type, value, start: at } of all) {
    const isNamed = named.has(type);
    // Of two values the receiver and what stands before it could believe another one each.
    if (isNamed && seen.has(type)) return 'a field is given twice';
    seen.add(type);
    switch (type) {
      case TLV.ALPN:
        alpn = value.toString('latin1');
        break;
      case TLV.AUTHORITY:
        authority = value.toString('utf8');
        break;
      case TLV.CRC32C:
        if (value.length !== 4) return 'malformed checksum';
        if (value.readUInt32BE() !== crc32c(header, at, at + 4)) return 'wrong checksum';
        break;
      case TLV.NOOP:
        break;
      case TLV.UNIQUE_ID:
        if (value.length > maxUniqueId) return 'unique id of more than 128 bytes';
        uniqueId = Buffer.from(value);
        break;
      case TLV.SSL:
        tls = readTls(value);
        if (tls === null) return 'malformed SSL field';
        break;
      case TLV.NETNS:
        namespace = value.toString('latin1');
        break;
      default:
        others.push({ type, value: Buffer.from(value) });
    }
  }
  return { alpn, authority, uniqueId, namespace, tls, others };
}

const named: ReadonlySet<number> = new Set([
  TLV.ALPN,
  TLV.AUTHORITY,
  TLV.CRC32C,
  TLV.UNIQUE_ID,
  TLV.SSL,
  TLV.NETNS,
]);

/** Null where the last one does not end with the bytes. */
function split(bytes: Buffer, from: number): readonly Placed[] | null {
  const all: Placed[] = [];
  let at = from;
  while (at < bytes.length) {
    if (at + 3 > bytes.length) return null;
    const start = at + 3;
    const end = start + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return null;
    all.push({ type: bytes[at] as number, value: bytes.subarray(start, end), start });
    at = end;
  }
  return all;
}

/** §2.2.6: one byte of what the client has done, four of which zero means verified, and fields. */
function readTls(value: Buffer): ProxyTls | null {
  if (value.length < 5) return null;
  const client = value[0] as number;
  const fields = split(value, 5);
  if (fields === null) return null;
  const text = (type: number): string | null =>
    fields.find((field) => field.type === type)?.value.toString('utf8') ?? null;
  const clientCertificate = (client & (CLIENT.CERT_CONN | CLIENT.CERT_SESS)) !== 0;
  return {
    encrypted: (client & CLIENT.SSL) !== 0,
    clientCertificate,
    verified: clientCertificate && value.readUInt32BE(1) === 0,
    version: text(SSL.VERSION),
    cipher: text(SSL.CIPHER),
    commonName: text(SSL.CN),
    signatureAlgorithm: text(SSL.SIG_ALG),
    keyAlgorithm: text(SSL.KEY_ALG),
  };
}

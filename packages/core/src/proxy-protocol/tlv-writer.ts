/** Writes the fields after the addresses: type, length, value (proxy-protocol §2.2). */
import type { ProxyHeader } from './proxy-header.ts';
import { TLV } from './tlv-types.ts';

/** Fields that are passed on: what a proxy in front has told of the client, beside its ends. */
export type ToldFields = Pick<ProxyHeader, 'alpn' | 'authority' | 'uniqueId' | 'others'>;

const nothing = Buffer.alloc(0);

export function writeTlvs(told: ToldFields | null): Buffer {
  if (told === null) return nothing;
  const { alpn, authority, uniqueId, others } = told;
  return Buffer.concat([
    alpn === null ? nothing : tlv(TLV.ALPN, Buffer.from(alpn, 'latin1')),
    authority === null ? nothing : tlv(TLV.AUTHORITY, Buffer.from(authority, 'utf8')),
    uniqueId === null ? nothing : tlv(TLV.UNIQUE_ID, uniqueId),
    ...others.map(({ type, value }) => tlv(type, value)),
  ]);
}

function tlv(type: number, value: Buffer): Buffer {
  const start = Buffer.alloc(3);
  start[0] = type;
  start.writeUInt16BE(value.length, 1);
  return Buffer.concat([start, value]);
}

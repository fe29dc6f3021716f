/** The fields that both sides of HPACK know from the start (RFC 7541 Appendix A). Entries count from 1. */
import { equalsIgnoreCase } from '../../http/ascii.ts';

const rows =
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|' +
  ':status=204|:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|' +
  'accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|' +
  'authorization|cache-control|content-disposition|content-encoding|content-language|content-length|' +
  'content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|' +
  'if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|' +
  'proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|' +
  'strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate';

/** A field of the static or the dynamic table. */
export interface TableEntry {
  readonly name: string;
  readonly value: string;
  /** Whether name and value are such as a message may have (RFC 9113 §8.2.1). */
  readonly isValid: boolean;
}

export const staticTable: readonly TableEntry[] = rows.split('|').map((row) => {
  const [name = '', value = ''] = row.split('=');
  return { name, value, isValid: true };
});

/** Entries, each the first of its name, by the length and first letter of that: hardly any name needs two comparisons. */
const buckets: { readonly name: string; readonly index: number }[][] = [];
for (const [i, { name }] of staticTable.entries()) {
  buckets[bucketOf(name)] ??= [];
  const bucket = buckets[bucketOf(name)] as (typeof buckets)[number];
  if (!bucket.some((known) => known.name === name)) bucket.push({ name, index: i + 1 });
}

/** The five low bits of a letter are the same in both cases. */
function bucketOf(name: string): number {
  return (name.length << 5) | (name.charCodeAt(0) & 0x1f);
}

/** The first entry with a name, in any case; 0 where there is none. */
export function staticNameIndex(name: string): number {
  const bucket = buckets[bucketOf(name)];
  if (bucket === undefined) return 0;
  for (let i = 0; i < bucket.length; i++) {
    const known = bucket[i] as (typeof bucket)[number];
    if (equalsIgnoreCase(name, known.name)) return known.index;
  }
  return 0;
}

const statusIndexes = new Map<number, number>();
for (const [i, { name, value }] of staticTable.entries()) {
  if (name === ':status') statusIndexes.set(Number(value), i + 1);
}

/** The entry of a status; 0 where there is none. */
export function staticStatusIndex(status: number): number {
  return statusIndexes.get(status) ?? 0;
}

/** The fields that both sides of HPACK know from the start (RFC 7541 Appendix A). Entries count from 1. */

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

const firstIndexes = new Map<string, number>();
for (const [i, { name }] of staticTable.entries()) {
  if (!firstIndexes.has(name)) firstIndexes.set(name, i + 1);
}

/** The first entry with a name; 0 where there is none. */
export function staticNameIndex(name: string): number {
  return firstIndexes.get(name) ?? 0;
}

const statusIndexes = new Map<number, number>();
for (const [i, { name, value }] of staticTable.entries()) {
  if (name === ':status') statusIndexes.set(Number(value), i + 1);
}

/** The entry of a status; 0 where there is none. */
export function staticStatusIndex(status: number): number {
  return statusIndexes.get(status) ?? 0;
}

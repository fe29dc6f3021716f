/**
 * Reads header blocks (RFC 7541) of a peer that uses neither the dynamic table nor the Huffman code: those of the
 * proxy. Anything else is an error.
 */

const rows =
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|' +
  ':status=204|:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|' +
  'accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|' +
  'authorization|cache-control|content-disposition|content-encoding|content-language|content-length|' +
  'content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|' +
  'if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|' +
  'proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|' +
  'strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate';

/** RFC 7541 Appendix A; entries count from 1. */
const staticTable = rows.split('|').map((row) => row.split('='));

/** Names and values, in turns; text is latin1. */
export function readBlock(bytes: Buffer): string[] {
  const fields: string[] = [];
  let at = 0;
  const integer = (mask: number): number => {
    let value = bytes.readUInt8(at++) & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const text = (): string => {
    if (bytes.readUInt8(at) >= 0x80) throw new Error('a header block with a Huffman code');
    const length = integer(0x7f);
    at += length;
    return bytes.toString('latin1', at - length, at);
  };
  const entry = (index: number): string[] => {
    const found = staticTable[index - 1];
    if (found === undefined) throw new Error(`a header block refers to entry ${index}`);
    return found;
  };
  while (at < bytes.length) {
    const first = bytes.readUInt8(at);
    if (first >= 0x80) {
      const [name = '', value = ''] = entry(integer(0x7f));
      fields.push(name, value);
    } else if (first >= 0x40) throw new Error('a header block adds to the dynamic table');
    else if (first >= 0x20) integer(0x1f);
    else {
      const index = integer(0x0f);
      const name = index === 0 ? text() : (entry(index)[0] ?? '');
      fields.push(name, text());
    }
  }
  return fields;
}

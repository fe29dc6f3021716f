import { describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';
import { signature } from './header-binary.ts';
import { ProxyHeaderReader } from './header-reader.ts';

/** A version 2 header. */
export function binary(command: number, family: number, rest: Buffer | string = ''): Buffer {
  const block = typeof rest === 'string' ? Buffer.from(rest, 'hex') : rest;
  const fixed = Buffer.from([command, family, block.length >> 8, block.length & 0xff]);
  return Buffer.concat([signature, fixed, block]);
}

export function tlv(type: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

const tcp4 = Buffer.from('c0000201c6336402d43101bb', 'hex');
const withTlvs = (...tlvs: Buffer[]): Buffer => binary(0x21, 0x11, Buffer.concat([tcp4, ...tlvs]));

/** With a checksum over the whole of it. */
function checked(...tlvs: Buffer[]): Buffer {
  const header = withTlvs(...tlvs, tlv(0x03, Buffer.alloc(4)));
  header.writeUInt32BE(crc32c(header), header.length - 4);
  return header;
}

const ends4 = {
  family: 'tcp4',
  source: { address: '192.0.2.1', port: 54321 },
  destination: { address: '198.51.100.2', port: 443 },
};
const unknown = { command: 'proxy', family: null, source: null, destination: null };
const paths = Buffer.concat([
  Buffer.concat([Buffer.from('/run/a.sock'), Buffer.alloc(97)]),
  Buffer.alloc(108, 'x'),
]);
const tcp6 = Buffer.from(
  '20010db8000000000000000000000001fe80000000000000000000000000000200500051',
  'hex',
);

const accepted: readonly [name: string, bytes: string | Buffer, header: object][] = [
  ['§2.1 TCP4', 'PROXY TCP4 192.0.2.1 198.51.100.2 54321 443\r\n', { version: 1, ...ends4 }],
  [
    '§2.1 TCP6',
    'PROXY TCP6 2001:db8::1 2001:0db8:0:0:0:0:0:2 0 65535\r\n',
    {
      family: 'tcp6',
      source: { address: '2001:db8::1', port: 0 },
      destination: { address: '2001:db8::2', port: 65535 },
    },
  ],
  [
    '§2.1 TCP6, an IPv4 address that is mapped',
    'PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 54321 443\r\n',
    { ...ends4, family: 'tcp6' },
  ],
  ['§2.1 UNKNOWN', 'PROXY UNKNOWN\r\n', { version: 1, ...unknown }],
  ['§2.1 UNKNOWN with addresses to ignore', 'PROXY UNKNOWN ::1 ::1 1 2\r\n', unknown],
  [
    '§2.1 the longest line',
    `PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`,
    unknown,
  ],
  ['§2.2 TCP over IPv4', binary(0x21, 0x11, tcp4), { version: 2, command: 'proxy', ...ends4 }],
  [
    '§2.2 TCP over IPv6',
    binary(0x21, 0x21, tcp6),
    {
      family: 'tcp6',
      source: { address: '2001:db8::1', port: 80 },
      destination: { address: 'fe80::2', port: 81 },
    },
  ],
  [
    '§2.2 Unix stream',
    binary(0x21, 0x31, paths),
    {
      family: 'unix',
      source: { address: '/run/a.sock', port: 0 },
      destination: { address: 'x'.repeat(108), port: 0 },
    },
  ],
  ['§2.2 UNSPEC', binary(0x21, 0x00), unknown],
  ['§2.2 UNSPEC with fields', binary(0x21, 0x00, tlv(0x02, 'a')), { ...unknown, authority: 'a' }],
  ['§2.2 a datagram: nothing is known', binary(0x21, 0x12, tcp4), unknown],
  ['§2.2 LOCAL', binary(0x20, 0x00), { command: 'local', family: null, source: null }],
  [
    '§2.2 LOCAL: the rest is discarded',
    binary(0x20, 0x11, 'ffffff'),
    { command: 'local', family: null, source: null, authority: null },
  ],
  [
    '§2.2 LOCAL: the family is ignored',
    binary(0x20, 0x41, 'ffff'),
    { command: 'local', family: null, source: null },
  ],
  ['§2.2.1 ALPN', withTlvs(tlv(0x01, 'h2')), { ...ends4, alpn: 'h2' }],
  ['§2.2.2 AUTHORITY', withTlvs(tlv(0x02, 'exämple.org')), { authority: 'exämple.org' }],
  ['§2.2.3 CRC32C', checked(tlv(0x02, 'a')), { ...ends4, authority: 'a' }],
  [
    '§2.2.4 NOOP, as often as it likes',
    withTlvs(tlv(0x04, ''), tlv(0x04, 'xxx'), tlv(0x01, 'a')),
    { alpn: 'a' },
  ],
  [
    '§2.2.5 UNIQUE_ID of 128 bytes',
    withTlvs(tlv(0x05, Buffer.alloc(128, 7))),
    { uniqueId: Buffer.alloc(128, 7) },
  ],
  [
    '§2.2.6 SSL',
    withTlvs(
      tlv(
        0x20,
        Buffer.concat([
          Buffer.from('0300000000', 'hex'),
          ...[tlv(0x21, 'TLSv1.3'), tlv(0x22, 'Ann'), tlv(0x23, 'AES'), tlv(0x24, 'RSA')],
          ...[tlv(0x25, 'EC256'), tlv(0x2f, 'later')],
        ]),
      ),
    ),
    {
      tls: {
        encrypted: true,
        clientCertificate: true,
        verified: true,
        version: 'TLSv1.3',
        cipher: 'AES',
        commonName: 'Ann',
        signatureAlgorithm: 'RSA',
        keyAlgorithm: 'EC256',
      },
    },
  ],
  [
    '§2.2.6 SSL, a certificate that is not verified',
    withTlvs(tlv(0x20, Buffer.from('0500000001', 'hex'))),
    { tls: expect.objectContaining({ encrypted: true, clientCertificate: true, verified: false }) },
  ],
  [
    '§2.2.6 SSL, no certificate to verify',
    withTlvs(tlv(0x20, Buffer.from('0000000000', 'hex'))),
    {
      tls: expect.objectContaining({ encrypted: false, clientCertificate: false, verified: false }),
    },
  ],
  ['§2.2.7 NETNS', withTlvs(tlv(0x30, 'blue')), { namespace: 'blue' }],
  [
    '§2.2.8 other types are kept',
    withTlvs(tlv(0xea, 'x'), tlv(0xea, 'y')),
    {
      others: [
        { type: 0xea, value: Buffer.from('x') },
        { type: 0xea, value: Buffer.from('y') },
      ],
    },
  ],
];

const refused: readonly [name: string, bytes: string | Buffer, failure: string][] = [
  ['§2 a request instead', 'GET / HTTP/1.1\r\n', 'no PROXY header'],
  ['§2 another method that begins alike', 'PRI * HTTP/2.0\r\n', 'no PROXY header'],
  ['§2 TLS instead', Buffer.from('1603010200', 'hex'), 'no PROXY header'],
  ['§2.1 lower case', 'proxy TCP4', 'no PROXY header'],
  ['§2.1 two spaces', 'PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n', 'unknown protocol'],
  ['§2.1 another protocol', 'PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n', 'unknown protocol'],
  ['§2.1 too few parts', 'PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n', 'expected two addresses'],
  ['§2.1 too many parts', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n', 'expected two addresses'],
  ['§2.1 a space at the end', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n', 'expected two addresses'],
  ['§2.1 the wrong family', 'PROXY TCP4 ::1 ::1 1 1\r\n', 'malformed address'],
  ['§2.1 the other wrong family', 'PROXY TCP6 1.1.1.1 ::1 1 1\r\n', 'malformed address'],
  ['§2.1 a leading zero', 'PROXY TCP4 01.1.1.1 1.1.1.1 1 1\r\n', 'malformed address'],
  ['§2.1 a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n', 'malformed address'],
  [
    '§2.1 a port out of range',
    'PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n',
    'malformed address or port',
  ],
  ['§2.1 a port with a zero', 'PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n', 'malformed address or port'],
  ['§2.1 a signed port', 'PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n', 'malformed address or port'],
  ['§2.1 LF alone', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n', 'malformed line'],
  ['§2.1 CR alone', 'PROXY UNKNOWN\rx', 'malformed line end'],
  ['§2.1 a tab', 'PROXY \tUNKNOWN\r\n', 'malformed line'],
  ['§2.1 NUL', 'PROXY UNKNOWN\0\r\n', 'malformed line'],
  ['§2.1 a line too long', `PROXY UNKNOWN ${'x'.repeat(93)}`, 'a line of more than 107 bytes'],
  [
    '§2.2 a byte of the signature',
    Buffer.from('0d0a0d0a000d0a51554954', 'hex').fill(1, 10),
    'no PROXY',
  ],
  ['§2.2 version 1', binary(0x11, 0x11, tcp4), 'unknown version'],
  ['§2.2 version 3', binary(0x31, 0x11, tcp4), 'unknown version'],
  ['§2.2 another command', binary(0x22, 0x11, tcp4), 'unknown command'],
  ['§2.2 another family', binary(0x21, 0x41, tcp4), 'unknown address family'],
  ['§2.2 another transport', binary(0x21, 0x13, tcp4), 'unknown address family'],
  ['§2.2 IPv4 cut short', binary(0x21, 0x11, tcp4.subarray(1)), 'too short for its addresses'],
  ['§2.2 IPv6 cut short', binary(0x21, 0x21, tcp4), 'too short for its addresses'],
  ['§2.2 Unix cut short', binary(0x21, 0x31, paths.subarray(1)), 'too short for its addresses'],
  ['§2.2 too large, by its length alone', binary(0x21, 0x00, Buffer.alloc(4081)), 'more than 4096'],
  ['§2.2 a field cut short', withTlvs(tlv(0x02, 'abc').subarray(0, 5)), 'a field is longer'],
  ['§2.2 a field without a length', withTlvs(Buffer.from([2, 0])), 'a field is longer'],
  ['§2.2 a field twice', withTlvs(tlv(0x02, 'a'), tlv(0x02, 'b')), 'a field is given twice'],
  ['§2.2.3 a wrong checksum', withTlvs(tlv(0x03, 'abcd')), 'wrong checksum'],
  ['§2.2.3 a checksum of 3 bytes', withTlvs(tlv(0x03, 'abc')), 'malformed checksum'],
  ['§2.2.5 129 bytes', withTlvs(tlv(0x05, Buffer.alloc(129))), 'unique id of more than 128 bytes'],
  ['§2.2.6 SSL of 4 bytes', withTlvs(tlv(0x20, '1234')), 'malformed SSL field'],
  ['§2.2.6 a field in it cut short', withTlvs(tlv(0x20, '12345\u0021')), 'malformed SSL field'],
];

const bytesOf = (given: string | Buffer): Buffer =>
  typeof given === 'string' ? Buffer.from(given, 'latin1') : given;
const after = Buffer.from('GET / HTTP/1.1\r\n');

describe('ProxyHeaderReader', () => {
  it.each(accepted)('%s', (_, given, header) => {
    const bytes = bytesOf(given);
    const reader = new ProxyHeaderReader();
    expect(reader.read(Buffer.concat([bytes, after]))).toBe(bytes.length);
    expect([reader.failure, reader.header]).toEqual([null, expect.objectContaining(header)]);
    expect(reader.read(after)).toBe(0);
  });

  it.each(accepted)('%s, byte by byte', (_, given, header) => {
    const reader = new ProxyHeaderReader();
    for (const [nth, byte] of bytesOf(given).entries()) {
      expect([nth, reader.header, reader.read(Buffer.from([byte]))]).toEqual([nth, null, 1]);
    }
    expect(reader.header).toEqual(expect.objectContaining(header));
  });

  it.each(refused)('%s', (_, given, failure) => {
    const reader = new ProxyHeaderReader();
    expect(reader.read(bytesOf(given))).toBe(0);
    expect([reader.header, reader.failure]).toEqual([null, expect.stringContaining(failure)]);
    expect(reader.read(bytesOf('PROXY UNKNOWN\r\n'))).toBe(0);
    expect(reader.header).toBe(null);
  });

  it.each(refused)('%s, byte by byte', (_, given, failure) => {
    const reader = new ProxyHeaderReader();
    for (const byte of bytesOf(given)) {
      if (reader.failure === null) reader.read(Buffer.from([byte]));
    }
    expect(reader.failure).toContain(failure);
  });

  it('waits for nothing', () => {
    const reader = new ProxyHeaderReader();
    expect([reader.read(Buffer.alloc(0)), reader.header, reader.failure]).toEqual([0, null, null]);
  });
});

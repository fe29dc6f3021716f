import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientAddress } from '../server/client/client-address.ts';
import { signature } from './header-binary.ts';
import { maxHeaderBytes, ProxyHeaderReader } from './header-reader.ts';
import { writeProxyHeader } from './header-writer.ts';

const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

/** Something that begins like a header, or does not. */
const input = fc.oneof(
  bytes(300),
  fc.string().map((text) => Buffer.from(`PROXY ${text}\r\n`, 'latin1')),
  fc
    .tuple(
      fc.constantFrom(0x20, 0x21, 0x22, 0x31),
      fc.constantFrom(0x00, 0x11, 0x12, 0x21, 0x31, 0x99),
      fc.nat(300),
      bytes(300),
    )
    .map(([command, family, length, rest]) =>
      Buffer.concat([signature, Buffer.from([command, family, length >> 8, length & 0xff]), rest]),
    ),
);

/** Feeds a reader in pieces; says how many bytes it took. */
function feed(reader: ProxyHeaderReader, all: Buffer, cuts: readonly number[]): number {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (all.length + 1)), all.length])];
  places.sort((a, b) => a - b);
  let taken = 0;
  for (const [nth, start] of places.entries()) {
    const piece = all.subarray(start, places[nth + 1] ?? all.length);
    // As a read buffer is: it serves the next read as well.
    const lent = Buffer.from(piece);
    taken += reader.read(lent);
    lent.fill(0xaa);
  }
  return taken;
}

describe('any bytes', () => {
  it('never throw, are judged alike however they are cut, and are not held without bound', () => {
    fc.assert(
      fc.property(input, fc.array(fc.nat(), { maxLength: 8 }), (all, cuts) => {
        const whole = new ProxyHeaderReader();
        const taken = whole.read(all);
        const cut = new ProxyHeaderReader();
        const takenInPieces = feed(cut, all, cuts);
        expect([cut.header, cut.failure]).toEqual([whole.header, whole.failure]);
        if (whole.header !== null) expect(takenInPieces).toBe(taken);
        if (whole.header === null && whole.failure === null)
          expect(all.length).toBeLessThan(maxHeaderBytes);
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
    );
  });
});

describe('what is written', () => {
  const ip = fc.oneof(fc.ipV4(), fc.ipV6());
  const end = fc.record({ address: ip, port: fc.nat(65535) });
  const same = (a: string, b: string): boolean =>
    new URL(
      `http://${a.includes(':') ? `[${clientAddress(a)}]`.replace(/^\[([\d.]+)\]$/, '$1') : a}`,
    ).host === new URL(`http://${b.includes(':') ? `[${b}]` : b}`).host;

  it.each([1, 2] as const)('in version %i is read again', (version) => {
    fc.assert(
      fc.property(end, end, (source, destination) => {
        const reader = new ProxyHeaderReader();
        const header = writeProxyHeader(version, { source, destination });
        expect(reader.read(header)).toBe(header.length);
        const read = reader.header;
        if (read?.source == null || read.destination === null) throw new Error('no addresses');
        expect([read.version, read.source.port, read.destination.port]).toEqual([
          version,
          source.port,
          destination.port,
        ]);
        expect([read.source.address, same(source.address, read.source.address)]).toEqual([
          read.source.address,
          true,
        ]);
      }),
    );
  });
});

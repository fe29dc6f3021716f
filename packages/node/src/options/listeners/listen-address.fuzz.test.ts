import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listenTarget, parseListenAddress } from './listen-address.ts';

describe('parseListenAddress, any text', () => {
  it('answers with an address that can be given as an object too, or with nothing', () => {
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.domain(), fc.nat(70_000)).map((pair) => pair.join(':')),
      fc.tuple(fc.ipV6(), fc.nat(70_000)).map(([host, port]) => `[${host}]:${port}`),
      fc.string().map((path) => `unix:${path}`),
    );
    fc.assert(
      fc.property(text, (text) => {
        const address = parseListenAddress(text);
        if (address === undefined) return;
        if (!('port' in address)) return;
        expect(listenTarget(address.host ?? null, address.port)).toEqual(address);
        expect(address.port).toBeLessThanOrEqual(65535);
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
    );
  });
});

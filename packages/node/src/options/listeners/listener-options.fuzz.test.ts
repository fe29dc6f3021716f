import { resolveServerOptions } from '@reverseit/core/internal/server';
import { Faults } from '@reverseit/core/options';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readListeners } from './listener-options.ts';

it('anything at all: as many listeners as were given, or faults that say which', () => {
  const base = resolveServerOptions();
  const entry = fc.oneof(
    fc.anything(),
    fc.record(
      {
        host: fc.oneof(fc.domain(), fc.ipV6(), fc.anything()),
        port: fc.oneof(fc.nat(70_000), fc.anything()),
        path: fc.oneof(fc.string(), fc.anything()),
        mode: fc.oneof(fc.constantFrom('0660', 438), fc.anything()),
        redirectToHttps: fc.oneof(fc.boolean(), fc.record({ port: fc.nat(70_000) }), fc.anything()),
        maxConnections: fc.oneof(fc.nat(), fc.anything()),
      },
      { requiredKeys: [] },
    ),
  );
  fc.assert(
    fc.property(fc.oneof(entry, fc.array(entry, { maxLength: 4 })), (value) => {
      const faults = new Faults();
      const listeners = readListeners(value, 'listen', base, faults);
      if (faults.list.length > 0) {
        for (const { key } of faults.list) expect(key).toMatch(/^listen/);
        return;
      }
      expect(listeners).toHaveLength(Array.isArray(value) ? value.length : 1);
      for (const { target, redirect, server } of listeners) {
        if ('port' in target) expect(target.port).toBeLessThanOrEqual(65535);
        else if ('fd' in target) expect(target.fd).toBeGreaterThan(2);
        else expect(target.path).not.toMatch(/^$|\0/);
        if (redirect !== null) expect(server.tls).toBeNull();
      }
    }),
  );
});

import { describe, expect, test } from 'vitest';
import { reasonPhrase } from '../http/status.ts';
import { type CatalogEntry, catalog } from './catalog.ts';

const rows = Object.entries(catalog as Record<string, CatalogEntry>);

/** Statuses that refusals have, and 0 for what is never answered. */
const statuses = [
  0, 400, 404, 408, 413, 414, 417, 421, 426, 431, 500, 501, 502, 503, 504, 505, 508,
];

describe('the catalog of errors', () => {
  test.for(rows)('%s', ([code, row]) => {
    expect(code).toMatch(/^RIT_ERR_[A-Z0-9]+(?:_[A-Z0-9]+)*$/);
    expect(row.text).toMatch(/^\S.*[^.\s]$/);
    expect(row.rfc === '' || /^RFC \d{4} §[\d.]+$/.test(row.rfc)).toBe(true);
    expect(statuses).toContain(row.status);
    if (row.status !== 0) expect(reasonPhrase(row.status)).not.toBe('');
    // A close code that may be sent (RFC 6455 §7.4.2), and no status beside it.
    if (row.closeCode !== 0) {
      expect([1001, 1002, 1007, 1008, 1009, 1014]).toContain(row.closeCode);
      expect(row.status).toBe(0);
      expect(code).toMatch(/^RIT_ERR_WS_/);
    }
    // A client's fault is never a server error, but for what the server cannot do; an upstream's is never the
    // client's.
    if (row.blame === 'client' && row.status >= 500) {
      expect(row.class).toBe('ProtocolError');
      expect([501, 505, 508]).toContain(row.status);
    }
    if (row.blame === 'upstream') expect([502, 503, 504]).toContain(row.status);
    if (row.class === 'ProtocolError' && code !== 'RIT_ERR_NO_ROUTE')
      expect(row.connection).toBe('close');
    if (row.class === 'ConfigError') expect([row.blame, row.status]).toEqual(['config', 0]);
    // Nothing that the client did is tried again.
    if (row.blame === 'client') expect(row.retry).toBe('never');
    if (row.retry !== 'never') expect(row.class).toBe('UpstreamError');
    // Only what would be a plain 502 can be replaced.
    if (row.errorResponse) expect([row.class, row.status]).toEqual(['UpstreamError', 502]);
    if (row.status === 0 && row.closeCode === 0) {
      expect(['config', 'client']).toContain(row.blame);
      if (row.blame === 'client') expect(row.connection).not.toBe('keep');
    }
  });

  test('no text twice', () => {
    const texts = rows.map(([, { text }]) => text);
    expect(new Set(texts).size).toBe(texts.length);
  });
});

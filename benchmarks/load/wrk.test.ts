import { describe, expect, it, test } from 'vitest';
import { readSummary, scriptOf } from './wrk.ts';

const base = { seconds: 1, connections: 1, method: 'GET', path: '/', headers: {} } as const;

describe('the script of a load', () => {
  it('says method, fields and body, with what Lua reads in another way escaped', () => {
    const script = scriptOf({
      ...base,
      method: 'POST',
      headers: { 'X-Quote': 'a"b\\c' },
      body: Buffer.from([0x61, 0, 0x0a, 0xff]),
    });
    expect(script).toContain('wrk.method = "POST"\n');
    expect(script).toContain('wrk.headers["X-Quote"] = "a\\034b\\092c"\n');
    expect(script).toContain('wrk.body = "a\\000\\010\\255"\n');
  });

  it('has no body where there is none', () => {
    expect(scriptOf(base)).not.toContain('wrk.body');
  });
});

const said = (errors: number): string =>
  `Running 1s test\n\n{"requests":500,"duration":2000000,"errors":${errors},"p50":1500,"p99":2500,"p999":3000}\n`;

test('what wrk says at its end becomes figures', () => {
  expect(readSummary(said(0))).toEqual({
    count: 500,
    perSecond: 250,
    p50: 1.5,
    p99: 2.5,
    p999: 3,
  });
});

test.each([
  ['errors', said(1), '1 errors in 500 requests'],
  ['no summary', 'unable to connect', 'unable to connect'],
])('rejects a run with %s', (_, text, message) => {
  expect(() => readSummary(text)).toThrow(message);
});

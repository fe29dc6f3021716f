import { describe, expect, test } from 'vitest';
import { statusLine } from './status-line.ts';

const misuse = expect.objectContaining({ code: 'RIT_ERR_INTERNAL' });

describe('status line (RFC 9112 §4)', () => {
  test.for([
    [200, '', 'HTTP/1.1 200 OK\r\n'],
    [200, '', 'HTTP/1.1 200 OK\r\n'],
    [200, 'Fine', 'HTTP/1.1 200 Fine\r\n'],
    [200, '', 'HTTP/1.1 200 OK\r\n'],
    [299, '', 'HTTP/1.1 299 \r\n'],
    [503, 'caf\xe9\tclosed', 'HTTP/1.1 503 caf\xe9\tclosed\r\n'],
    [100, '', 'HTTP/1.1 100 Continue\r\n'],
    [599, '', 'HTTP/1.1 599 \r\n'],
  ] as const)('%d %j', ([status, reason, line]) => {
    expect(statusLine(status, reason)).toBe(line);
  });

  test.for([
    [99, ''],
    [600, ''],
    [0, ''],
    [-200, ''],
    [200.5, ''],
    [Number.NaN, ''],
    [200, 'a\r\nb: c'],
    [200, 'a\n'],
    [200, '\0'],
    [200, '\u010a'],
  ] as const)('%d %j is misuse', ([status, reason]) => {
    expect(() => statusLine(status, reason)).toThrow(misuse);
  });
});

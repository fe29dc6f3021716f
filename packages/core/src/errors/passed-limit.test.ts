import { expect, test } from 'vitest';
import { overLimit, timedOut } from './passed-limit.ts';

test('the error of a deadline names the option and its value', () => {
  const error = timedOut('RIT_ERR_UPSTREAM_CONNECT_TIMEOUT', 200, { origin: 'http://a:80' });
  expect(error).toMatchObject({
    status: 504,
    message: 'connecting to the backend took longer than connectTimeout (200 ms)',
    details: { origin: 'http://a:80', afterMs: 200 },
  });
  expect(timedOut('RIT_ERR_UPSTREAM_QUEUE_TIMEOUT', 5).details).toEqual({ afterMs: 5 });
});

test('the error of a limit names the option and its value', () => {
  expect(overLimit('RIT_ERR_UPSTREAM_BODY_TOO_LARGE', 5, { seen: 6 })).toMatchObject({
    status: 502,
    message: 'response body exceeds maxResponseBodySize (5)',
    details: { seen: 6, max: 5 },
  });
});

import { expect, test } from 'vitest';
import { timedOut } from './timed-out.ts';

test('the error of a deadline names the option and its value', () => {
  const error = timedOut('RIT_ERR_UPSTREAM_CONNECT_TIMEOUT', 200, 'http://a:80');
  expect(error).toMatchObject({
    status: 504,
    message: 'connecting to the backend took longer than connectTimeout (200 ms)',
    details: { origin: 'http://a:80', afterMs: 200 },
  });
  expect(timedOut('RIT_ERR_UPSTREAM_QUEUE_TIMEOUT', 5).details).toEqual({ afterMs: 5 });
});

import { describe, expect, test } from 'vitest';
import { ResponseGatherer } from './response-fields.ts';

function gather(
  fields: readonly string[],
  { isTrailer = false, max = 1000, isValid = true } = {},
): ResponseGatherer {
  const gatherer = new ResponseGatherer();
  gatherer.begin(isTrailer, max);
  for (let i = 0; i < fields.length; i += 2) {
    gatherer.onField(fields[i] as string, fields[i + 1] as string, isValid);
  }
  gatherer.end();
  return gatherer;
}

test('a status and fields, in their order and with repeats', () => {
  const fields = ['set-cookie', 'a=1', 'x', '', 'set-cookie', 'b=2'];
  expect(gather([':status', '200', ...fields])).toMatchObject({ status: 200, fields, fault: '' });
});

test('trailers have no status', () => {
  expect(gather(['x', 'y'], { isTrailer: true })).toMatchObject({ fields: ['x', 'y'], fault: '' });
});

describe('malformed (RFC 9113 §8.1.1)', () => {
  test.each<[string, string[], object?]>([
    ['§8.3.2: no status', ['x', 'y']],
    ['§8.3.2: nothing at all', []],
    ['§8.3.2: two statuses', [':status', '200', ':status', '200']],
    ['§8.3.2: another pseudo-header field', [':status', '200', ':path', '/']],
    ['§8.3: an unknown pseudo-header field', [':status', '200', ':a', 'b']],
    ['§8.3: a pseudo-header field after others', ['x', 'y', ':status', '200']],
    ['§8.3: one in trailers', [':status', '200'], { isTrailer: true }],
    ['§8.2.1: a field that cannot be', [':status', '200', 'X', 'y'], { isValid: false }],
    ['§8.2.1: a field without a name', [':status', '200', '', 'y']],
    ['§8.2.2: connection', [':status', '200', 'connection', 'close']],
    ['§8.2.2: transfer-encoding', [':status', '200', 'transfer-encoding', 'chunked']],
    ['§8.2.2: in trailers', ['keep-alive', '5'], { isTrailer: true }],
    ...['', '20', '2000', '099', '600', '2x0', '+20', ' 200'].map((status): [string, string[]] => [
      `RFC 9110 §15: a status of "${status}"`,
      [':status', status],
    ]),
  ])('%s', (_, fields, options) => {
    expect(gather(fields, options).fault).not.toBe('');
  });
});

test('the sum of name + 2 + value is bounded, and without its status', () => {
  const fields = [':status', '200', 'a', 'x'.repeat(97), 'bc', 'y'.repeat(96)];
  expect(gather(fields, { max: 200 })).toMatchObject({ tooLarge: false, fault: '' });
  expect(gather(fields, { max: 199 })).toMatchObject({ tooLarge: true, fields: [] });
});

test('one block after another', () => {
  const gatherer = gather(['x', 'y']);
  gatherer.begin(false, 10);
  gatherer.onField(':status', '204', true);
  gatherer.end();
  expect(gatherer).toMatchObject({ status: 204, fields: [], fault: '' });
});

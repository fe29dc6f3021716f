import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { isReverseItError } from '@reverseit/core/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestFields } from './request-fields.ts';

/** What Node's parser does with the fields it has read. */
interface FieldReader {
  _addHeaderLines(fields: readonly string[], count: number): void;
}

/** A request of these lines, as Node makes it. */
function requestOf(lines: readonly string[]): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  (request as unknown as FieldReader)._addHeaderLines([...lines], lines.length);
  return request;
}

const framing = ['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'];
const needed = ['host'];
const name = fc.oneof(
  fc.constantFrom(
    'x-a',
    'X-A',
    'x-b',
    'Cookie',
    'cookie',
    'set-cookie',
    'Authorization',
    '7',
    'Age',
  ),
  fc.constantFrom('content-type', 'User-Agent', 'Host', 'Content-Length', 'Upgrade', '__proto__'),
);
const value = fc.constantFrom('', '1', '2', 'a, b', 'a; b', '\xe9');
const lines = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((pairs) => pairs.flat());
const edits = fc.array(fc.tuple(name, fc.option(value)), { maxLength: 4 });

test('the backend would be told what the application has been told, or has said', () => {
  fc.assert(
    fc.property(lines, edits, (sent, changes) => {
      const request = requestOf(sent);
      const headers: Record<string, string | string[] | undefined> = request.headers;
      for (const [given, text] of changes) {
        // As applications do it: what is there has a name in lower case.
        for (const key of Object.keys(headers)) {
          if (key.toLowerCase() === given.toLowerCase()) delete headers[key];
        }
        if (text !== null) headers[given] = given === 'set-cookie' ? [text] : text;
      }
      const fields = requestFields(request);
      if (isReverseItError(fields)) throw fields;
      const told = requestOf(fields).headers;
      const wanted = Object.entries(headers).map(([key, text]) => [key.toLowerCase(), text]);
      const expected = new Map(wanted as [string, unknown][]);
      // Nor could the application say anything by that name.
      expected.delete('__proto__');
      const original = requestOf(sent).headers;
      for (const key of framing) expected.set(key, original[key]);
      for (const key of needed) expected.set(key, expected.get(key) ?? original[key]);
      for (const [key, text] of expected) if (text === undefined) expected.delete(key);
      expect(new Map(Object.entries(told))).toEqual(expected);
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 500 },
  );
});

test('what nobody has changed passes line for line, unless it is repeated', () => {
  fc.assert(
    fc.property(lines, fc.boolean(), (sent, read) => {
      const request = requestOf(sent);
      const names = sent.filter((_, i) => i % 2 === 0).map((one) => one.toLowerCase());
      fc.pre(new Set(names).size === names.length);
      if (read) expect(request.headers).toBeDefined();
      const fields = requestFields(request);
      expect(fields).toEqual(sent);
      expect(fields).not.toBe(request.rawHeaders);
    }),
    { numRuns: fc.readConfigureGlobal()?.numRuns ?? 500 },
  );
});

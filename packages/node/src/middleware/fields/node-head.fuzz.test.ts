import { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { Socket } from 'node:net';
import { type RequestHead, RequestParser } from '@reverseit/core/http1';
import { resolveServerOptions } from '@reverseit/core/internal/server';
import {
  damagedBy,
  requestMutation,
  serializeRequest,
  validRequest,
} from '@reverseit/test-servers/arbitrary-requests';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readNodeHead } from './node-head.ts';

const limits = resolveServerOptions();

/** So many runs, unless `npm run fuzz` asks for more. */
const runs = (numRuns: number): { numRuns: number } => ({
  numRuns: fc.readConfigureGlobal()?.numRuns ?? numRuns,
});

/** What Node's parser does with the fields it has read. */
interface FieldReader {
  _addHeaderLines(fields: readonly string[], count: number): void;
}

/** A request as `node:http` tells it, as far as it is read. */
function http1Request(head: RequestHead): IncomingMessage {
  const { method, target, minorVersion, fields } = head;
  const request = new IncomingMessage(new Socket());
  (request as unknown as FieldReader)._addHeaderLines([...fields], fields.length);
  return Object.assign(request, {
    method,
    url: target,
    httpVersionMajor: 1,
    httpVersionMinor: minorVersion,
  });
}

/** Without the lines that Node tells nobody of: repetitions of a field that is no list. */
function asReceived(fields: readonly string[]): string[] {
  const heard = new IncomingMessage(new Socket());
  const reader = heard as unknown as {
    _addHeaderLine(name: string, value: string, to: object): void;
  };
  // Without a prototype: a field may be named __proto__.
  const told = Object.create(null) as Record<string, string | string[]>;
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const [name = '', value = ''] = fields.slice(i, i + 2);
    const before = JSON.stringify(told);
    reader._addHeaderLine(name, value, told);
    if (JSON.stringify(told) !== before) kept.push(name, value);
  }
  return kept;
}

test('what our own parser takes is read alike', () => {
  const damages = fc.array(requestMutation, { maxLength: 2 });
  fc.assert(
    fc.property(validRequest, damages, (request, damage) => {
      const wire = Buffer.from(damagedBy(serializeRequest(request).text, damage), 'latin1');
      const parser = new RequestParser(limits);
      const own = parser.readHead(wire, 0);
      parser.free();
      if (own === null) return;
      const { head, error } = readNodeHead(http1Request(own), limits);
      expect(error).toBeNull();
      // The bytes themselves are lost on this way.
      const facts = ({ fields, ...rest }: RequestHead) => ({ ...rest, fields, byteLength: 0 });
      expect(facts(head)).toEqual({ ...facts(own), fields: asReceived(own.fields) });
    }),
    runs(500),
  );
});

/** A request as `node:http2` tells it, as far as it is read. */
function http2Request(rawHeaders: string[], endAfterHeaders: boolean): Http2ServerRequest {
  return {
    method: 'POST',
    url: '/',
    httpVersionMajor: 2,
    httpVersionMinor: 0,
    rawHeaders,
    headers: Object.fromEntries(
      rawHeaders.flatMap((one, i) => (i % 2 ? [] : [[one, rawHeaders[i + 1]]])),
    ),
    stream: { endAfterHeaders },
  } as unknown as Http2ServerRequest;
}

const name = fc.oneof(
  fc.constantFrom(':authority', ':path', ':scheme', 'host', 'cookie', 'te', 'content-length'),
  fc.constantFrom('connection', 'transfer-encoding', 'upgrade', 'keep-alive', 'x-a', 'set-cookie'),
  fc.string({ maxLength: 8 }),
);
const value = fc.oneof(fc.constantFrom('a', 'b:80', '3', 'trailers', 'chunked'), fc.string());

test('RFC 9113 §8.2, §8.3: no head comes of HTTP/2 that HTTP/1.1 could not have', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fc.boolean(), (pairs, ended) => {
      const { head, error } = readNodeHead(http2Request(pairs.flat(), ended), limits);
      if (error !== null) {
        expect(error.status).toBeGreaterThanOrEqual(400);
        expect(error.status).toBeLessThan(600);
        return;
      }
      const names = head.fields.filter((_, at) => at % 2 === 0);
      for (const one of names) expect(one).toMatch(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
      for (const gone of ['connection', 'transfer-encoding', 'upgrade', 'keep-alive']) {
        expect(names).not.toContain(gone);
      }
      expect(names.filter((one) => one === 'host')).toHaveLength(1);
      expect(names.filter((one) => one === 'cookie').length).toBeLessThan(2);
      expect(head.authority).not.toBeNull();
      expect(head.upgrade).toBe(false);
      if (head.framing === 'none') expect(ended).toBe(true);
    }),
    runs(500),
  );
});

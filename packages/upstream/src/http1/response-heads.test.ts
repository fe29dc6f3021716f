import { describe, expect, test } from 'vitest';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import { ResponseHeads } from './response-heads.ts';

const final = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody';
const early = 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n';
const go = 'HTTP/1.1 100 Continue\r\nx: y\r\n\r\n';

interface Outcome {
  /** What the exchange was told, and the status of the final head. */
  told: (number | string)[];
  rest: string;
}

/** Feeds the pieces as a connection does, to a response whose interim heads may have 2,000 bytes. */
function run(
  pieces: readonly string[],
  upgrading = false,
  maxInterimResponseBytes = 2000,
): Outcome {
  const told: (number | string)[] = [];
  let over = false;
  const exchange = {
    isHead: false,
    upgrading,
    limits: {
      ...{ maxResponseHeaderBytes: 100_000, maxResponseBodySize: Number.POSITIVE_INFINITY },
      maxInterimResponseBytes,
    },
    onInterim: (status: number) => told.push(status),
    onFailed: ({ code }: { code: string }) => {
      told.push(code.replace('RIT_ERR_', ''));
      over = true;
    },
  } as unknown as DispatchedExchange;
  const heads = new ResponseHeads();
  heads.begin(exchange);
  let rest = '';
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    let at = 0;
    while (!over && at < bytes.length && heads.final === null && heads.switched === null) {
      heads.read(exchange, bytes, at);
      at = heads.parser.offset;
      over ||= heads.parser.error !== null;
    }
    rest += piece.slice(at);
  }
  if (heads.final !== null) told.push(heads.final.status);
  if (heads.switched !== null) told.push(101);
  heads.forget();
  expect([heads.final, heads.switched]).toEqual([null, null]);
  if (heads.parser.error !== null) told.push(heads.parser.error.code.replace('RIT_ERR_', ''));
  heads.parser.free();
  return { told, rest };
}

describe('interim responses (RFC 9110 §15.2)', () => {
  test.each([
    [final, [200]],
    [go + final, [200]],
    [early + final, [103, 200]],
    [go + early + go + early + final, [103, 103, 200]],
  ])('%j', (text, told) => {
    expect(run([text])).toEqual({ told, rest: 'body' });
    expect(run([...text])).toEqual({ told, rest: 'body' });
  });

  test.each([
    ['where it was asked for, with what follows', true, [101], '\x81\x00'],
    ['nowhere else', false, ['UPSTREAM_PROTOCOL'], '\x81\x00'],
  ])('101 passes %s', (_, upgrading, told, rest) => {
    const switching = 'HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n\x81\x00';
    expect(run([go + switching], upgrading)).toEqual({ told, rest });
  });

  test('RFC 9110 §7.8: a 101 says what was switched to', () => {
    expect(run(['HTTP/1.1 101 S\r\n\r\n'], true).told).toEqual(['UPSTREAM_PROTOCOL']);
  });

  const sized = (length: number): string =>
    `HTTP/1.1 103 E\r\na: ${'x'.repeat(length - 23)}\r\n\r\n`;

  test.each([go, early])('all together are bounded in bytes, whatever they are: %j', (interim) => {
    const most = interim.repeat(Math.floor(2000 / interim.length));
    const exact = most.slice(interim.length) + sized(2000 - most.length + interim.length);
    expect(run([most + final]).told.at(-1)).toBe(200);
    expect(run([exact + final]).told.at(-1)).toBe(200);
    expect(run([exact.replace('x', 'xx') + final]).told.at(-1)).toBe('UPSTREAM_HEAD_TOO_LARGE');
    expect(run([most + interim + final]).told.at(-1)).toBe('UPSTREAM_HEAD_TOO_LARGE');
  });

  test('each may have 16,384 bytes of fields', () => {
    const most = (fields: number): string =>
      `HTTP/1.1 103 E\r\na: ${'x'.repeat(fields - 3)}\r\n\r\n`;
    expect(run([most(16_384) + final], false, 100_000).told).toEqual([103, 200]);
    expect(run([most(16_385) + final], false, 100_000).told).toEqual(['UPSTREAM_PROTOCOL']);
  });
});

test('RFC 9112 §4: what is no status line is refused', () => {
  expect(run(['HTTP/2.0 200 OK\r\n\r\n']).told).toEqual(['UPSTREAM_PROTOCOL']);
});

test('a head that must not be used ends the exchange', () => {
  const coded = 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n';
  expect(run([coded])).toEqual({ told: ['UPSTREAM_PROTOCOL'], rest: '' });
});
